"""The chart library is served with its style rules as a stylesheet of our own."""

from pathlib import Path

import pytest

from scripts import plotly_assets

HEADER = "/**\n* chart library\n* MIT\n*/\n"
RULES = """var a={"X a":"color:red;","X b:after":'content:"";',Y:"top:0;"};for(k in a)n=k.replace(/^,/," ,")"""
CALLS = """.replace(/X/g,".js-plotly-plot .plotly").replace(/Y/g,".plotly-notifier"),L.addStyleRule(n,a[k]);"""
BUNDLE = HEADER + RULES + CALLS + "\n//# sourceMappingURL=plotly-basic.min.js.map\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of three rules."""
    monkeypatch.setattr(plotly_assets, "EXPECTED_RULES", 3)
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / plotly_assets.BUNDLE).write_text(BUNDLE, encoding="utf-8")
    (folder / "LICENSE").write_text("MIT License", encoding="utf-8")
    return folder


def test_rules_keep_the_order_in_which_the_library_inserts_them(package: Path, tmp_path: Path) -> None:
    plotly_assets.write_assets(package, tmp_path)
    assert (tmp_path / plotly_assets.STYLESHEET).read_text(encoding="utf-8") == (
        HEADER + ".plotly-notifier{top:0;}\n"
        '.js-plotly-plot .plotly b:after{content:"";}\n'
        ".js-plotly-plot .plotly a{color:red;}\n"
    )


def test_bundle_keeps_its_licence_and_loses_its_source_map(package: Path, tmp_path: Path) -> None:
    plotly_assets.write_assets(package, tmp_path)
    bundle = (tmp_path / plotly_assets.BUNDLE).read_text(encoding="utf-8")
    assert bundle.startswith(HEADER)
    assert "sourceMappingURL" not in bundle
    assert (tmp_path / plotly_assets.LICENCE).read_text(encoding="utf-8") == "MIT License"


@pytest.mark.parametrize("bundle", [HEADER + "var a={};", BUNDLE.replace('"X a":"color:red;",', ""), "var a=1;"])
def test_an_unknown_bundle_stops_the_build(package: Path, tmp_path: Path, bundle: str) -> None:
    (package / plotly_assets.BUNDLE).write_text(bundle, encoding="utf-8")
    with pytest.raises(ValueError, match="rules|licence"):
        plotly_assets.write_assets(package, tmp_path)


def test_what_is_served_was_built() -> None:
    served = Path(plotly_assets.__file__).parent.parent / "static_build" / "vendor"
    rules = (served / plotly_assets.STYLESHEET).read_text(encoding="utf-8").splitlines()
    assert sum(rule.endswith("}") for rule in rules) == plotly_assets.EXPECTED_RULES
