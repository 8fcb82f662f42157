"""A page of another origin: gateway and edges let it call, show it what it needs, and take no cookies."""

import json

import httpx

MIB = 1 << 20


def test_a_page_from_elsewhere(browser, stack, address):
    tab = browser.open(f"{address}/unit/empty.html")
    result = tab.run(f"""(async () => {{
      const {{ API }} = await import('/js/api.js');
      const {{ Hasher }} = await import('/js/hasher.js');
      const {{ Uploader }} = await import('/js/uploader.js');
      const {{ watch }} = await import('/js/watch.js');
      const api = new API({json.dumps(stack.api_key)}, {json.dumps(stack.url)});
      const file = new File([crypto.getRandomValues(new Uint8Array(60_000)), new Uint8Array(12 * {MIB})], 'elsewhere.bin');
      const heard = [];
      let watching = null;
      const uploader = new Uploader({{
        file, userId: 'usr_else', api, hasher: new Hasher(),
        onChange: () => {{
          if (!uploader.fileId || watching) return;
          watching = watch(api, 'usr_else', uploader.fileId, (state) => heard.push(state.status), new AbortController().signal);
        }},
      }});
      await uploader.run();
      await watching;
      // The service's words and times reach a page of another origin, too.
      const refused = await fetch(`${{api.base}}/api/jetty/stats`);
      const request = refused.headers.get('jetty-request-id');
      return {{state: uploader.state, error: String(uploader.error), last: heard.at(-1), status: refused.status, request}};
    }})()""")
    assert result["state"] == "done", result
    assert result["last"] == "completed" and result["status"] == 401 and result["request"], result


def test_preflights(stack):
    asked = {"origin": "https://app.example", "access-control-request-method": "PUT",
             "access-control-request-headers": "authorization,content-digest,content-type"}
    for url in [stack.url, *stack.edge_urls]:
        answer = httpx.options(f"{url}/api/edge/files/file_{'a' * 26}/chunks/0", headers=asked, trust_env=False)
        assert answer.status_code == 204, url
        allowed = answer.headers["access-control-allow-headers"]
        assert all(name in allowed for name in ("authorization", "content-digest", "content-type", "last-event-id"))
        assert "PUT" in answer.headers["access-control-allow-methods"]
        assert answer.headers["access-control-allow-origin"] == "*" and "access-control-allow-credentials" not in answer.headers
