"""The unit tests of the modules, in the browser that they are for: every unit/*.test.js on a page of its own."""

import pytest
from files import HERE


@pytest.mark.parametrize("name", sorted(path.name for path in (HERE / "unit").glob("*.test.js")))
def test_unit(browser, address, name):
    tab = browser.open(f"{address}/unit/empty.html")
    results = tab.run(f"import('/unit/harness.js').then((harness) => harness.run('/unit/{name}'))")
    assert results, "no tests in it"
    assert [one for one in results if one["error"]] == []
