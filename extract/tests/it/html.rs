use extract::{BlockKind, Format};

use crate::making::{Document, all_text, blocks};

fn read(html: &str) -> extract::Extracted {
    Document::new("page.html", html.as_bytes())
        .read(Format::Html)
        .unwrap()
}

#[test]
fn text_is_kept_and_machinery_dropped() {
    let extracted = read(
        r#"<!doctype html><html><head><title>Harbour &amp; sea</title><style>p { color: red }</style>
<script>if (a < b) document.write("<p>no</p>")</script></head><body><nav><ul><li>Home</nav>
<p>High <b>wat</b>er comes
   twice.<p>Caf&eacute;<br>open
<ul><li>One<li>Two<p>more</ul><pre>
  a   b
    c</pre><footer>Imprint</footer><h2>Tides</h2><div class="navfooter">Next</div></body></html>"#,
    );
    assert_eq!(
        blocks(&extracted, 0),
        [
            (BlockKind::Heading(1), "Harbour & sea"),
            (BlockKind::Paragraph, "High water comes twice."),
            (BlockKind::Paragraph, "Café\nopen"),
            (BlockKind::ListItem, "One"),
            (BlockKind::ListItem, "Two"),
            (BlockKind::ListItem, "more"),
            (BlockKind::Code, "  a   b\n    c"),
            (BlockKind::Heading(2), "Tides"),
        ]
    );
}

#[test]
fn tables_name_their_columns_and_layout_tables_do_not() {
    let extracted = read(
        "<table><tr><th>Ship<th>Berth<tr><td>Aurora<td><p>4</p><p>north</p></table>
<table><tr><th>Length<td>12 m<tr><th>Draught<td>2 m</table><table><tr><td>Alone</table>",
    );
    assert_eq!(
        blocks(&extracted, 0),
        [
            (BlockKind::TableRow, "Columns: Ship; Berth"),
            (BlockKind::TableRow, "Ship: Aurora; Berth: 4 north"),
            (BlockKind::TableRow, "Length | 12 m"),
            (BlockKind::TableRow, "Draught | 2 m"),
            (BlockKind::Paragraph, "Alone"),
        ]
    );
}

#[test]
fn the_main_element_wins_when_it_holds_the_text() {
    let text = "The pilot boards at the buoy. ".repeat(10);
    let extracted = read(&format!(
        "<p>Advertisement</p><main><h1>Pilots</h1><p>{text}</p></main><p>More offers</p>"
    ));
    assert_eq!(blocks(&extracted, 0).len(), 2);
    assert!(all_text(&read("<p>Beside</p><main>Short</main>")).contains("Beside"));
}

#[test]
fn the_declared_encoding_is_used() {
    let page = b"<meta charset=\"iso-8859-7\"><p>\xe1\xe2\xe3</p>";
    let extracted = Document::new("page.html", page).read(Format::Html).unwrap();
    assert_eq!(all_text(&extracted), "αβγ");
    assert!(extracted.warnings.is_empty());
}

#[test]
fn nesting_without_end_is_only_text() {
    let deep = format!("{}deep{}", "<div>".repeat(20_000), "</div>".repeat(20_000));
    assert_eq!(all_text(&read(&deep)), "deep");
    let tables = format!("{}cell", "<table><tr><td>".repeat(5_000));
    assert!(all_text(&read(&tables)).contains("cell"));
}
