import Testing

@testable import ObjectStore

@Suite(.timeLimit(.minutes(1)))
struct XMLParserTests {
  private func parse(_ text: String) throws -> XMLElement { try XMLParser.parse(Array(text.utf8)) }

  @Test func readsWhatS3Writes() throws {
    let root = try parse(
      """
      <?xml version="1.0" encoding="UTF-8"?>
      <!-- hello -->
      <ListPartsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Key>a&amp;b&#x20AC;&lt;</Key>
        <Part><PartNumber>1</PartNumber><ETag>&quot;abc&quot;</ETag></Part><Part><PartNumber> 2 </PartNumber><ETag><![CDATA["d&e"]]></ETag></Part>
        <Empty/><ns:Named attribute='a "quoted" > one'></ns:Named>
      </ListPartsResult>
      """)
    #expect(root.name == "ListPartsResult")
    #expect(root.value("Key") == "a&b€<")
    #expect(root.all("Part").map { $0.value("PartNumber") } == ["1", "2"])
    #expect(root.all("Part").map { $0.value("ETag") } == ["\"abc\"", "\"d&e\""])
    #expect(root.first("Empty") != nil)
    #expect(root.first("Named") != nil)
    #expect(root.first("Missing") == nil)
  }

  @Test(arguments: [
    "", "text", "<a>", "<a></b>", "<a/><b/>", "<a b></a>", "<a b=c></a>", "<a b=\"></a>",
    "<a>&nbsp;</a>", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>& b</a>",
    "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<a><!-- no end</a>", "<a><![CDATA[no end</a>",
    "<?xml version=\"1.0\"", "< a></a>", "<a", "</a>", "<a>&amp</a>",
  ])
  func refusesTheRest(text: String) {
    #expect(throws: XMLParser.Failure.self) { try parse(text) }
  }

  @Test func hasLimits() {
    let deep = String(repeating: "<a>", count: 100) + String(repeating: "</a>", count: 100)
    #expect(throws: XMLParser.Failure.self) { try parse(deep) }
    let many = "<r>" + String(repeating: "<a/>", count: ObjectStoreLimits.xmlElementsMax) + "</r>"
    #expect(throws: XMLParser.Failure.self) { try parse(many) }
    #expect(throws: XMLParser.Failure.self) { try XMLParser.parse([UInt8](repeating: 0x20, count: ObjectStoreLimits.xmlBytesMax + 1)) }
    #expect(throws: XMLParser.Failure.self) { try XMLParser.parse([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e]) }
  }
}
