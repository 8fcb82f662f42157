import ArgumentParser
import Contracts
import Foundation
import Model

/// Which service, and as whom.
struct ConnectionOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Base URL of the service.", valueName: "url")) var url: String?
  @Option(help: ArgumentHelp("API key. Better in JETTY_API_KEY: arguments can be seen by other users of this machine.", valueName: "key"))
  var apiKey: String?
  @Option(help: ArgumentHelp("End user: 1 to 64 characters of A-Z, a-z, 0-9, _ and -.", valueName: "name")) var user: String?
  @Option(help: ArgumentHelp("PEM file of the authorities to trust instead of the system's.", valueName: "file")) var caFile: String?
  @Flag(help: "Print JSON, one object for each thing asked about.") var json = false

  private func setting(_ flag: String?, _ variable: String) -> String? {
    if let flag { return flag }
    guard let value = ProcessInfo.processInfo.environment[variable], !value.isEmpty else { return nil }
    return value
  }

  func baseURL() throws -> String {
    guard let url = setting(url, "JETTY_URL") else { throw ValidationError("say where the service is: set JETTY_URL, or give --url") }
    guard url.hasPrefix("http://") || url.hasPrefix("https://") else { throw ValidationError("\(url) is no http:// or https:// URL") }
    return url
  }

  func authorityFile() throws -> String? {
    guard let path = setting(caFile, "JETTY_CA_FILE") else { return nil }
    guard FileManager.default.isReadableFile(atPath: path) else { throw ValidationError("the authorities file \(path) cannot be read") }
    return path
  }

  func key() throws -> String {
    guard let key = setting(apiKey, "JETTY_API_KEY") else { throw ValidationError("an API key is needed: set JETTY_API_KEY") }
    guard key.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else { throw ValidationError("the API key has characters that no key has") }
    return key
  }

  func userID() throws -> UserID {
    if let named = setting(user, "JETTY_USER") {
      guard let id = UserID(named) else { throw ValidationError("\(named) is no user: 1 to 64 characters of A-Z, a-z, 0-9, _ and -") }
      return id
    }
    let login = String(NSUserName().unicodeScalars.map { $0.isASCII && UserID(String($0)) != nil ? Character($0) : "_" }.prefix(UserID.lengthMax))
    guard let id = UserID(login) else { throw ValidationError("say for which user: set JETTY_USER, or give --user") }
    return id
  }

  /// `37.77,-122.42`
  static func location(_ flag: String?) throws -> Location? {
    guard let text = flag ?? ProcessInfo.processInfo.environment["JETTY_LOCATION"], !text.isEmpty else { return nil }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0.trimmingCharacters(in: .whitespaces)) }
    guard parts.count == 2, let latitude = parts[0], let longitude = parts[1], (-90...90).contains(latitude), (-180...180).contains(longitude) else {
      throw ValidationError("\(text) is no location: give LATITUDE,LONGITUDE in degrees, e.g. 37.77,-122.42")
    }
    return Location(lat: latitude, lng: longitude)
  }
}
