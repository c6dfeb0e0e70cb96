//! The documents that ship as samples, with the facts that the demo asks for.

use extract::{BlockKind, Extracted, Format, Limits};

use crate::making::sample;

fn read(name: &str, format: Format) -> Extracted {
    extract::extract(&sample(name), format, &Limits::default()).unwrap()
}

fn page_of(extracted: &Extracted, fact: &str) -> Option<u32> {
    let holds = |page: &&extract::Page| page.blocks.iter().any(|block| block.text.contains(fact));
    extracted.pages.iter().find(holds).unwrap().number
}

#[test]
fn the_handbook_has_its_facts_on_their_pages() {
    let handbook = read("team-handbook.pdf", Format::Pdf);
    assert_eq!((handbook.page_count, handbook.empty_pages), (Some(8), 0));
    assert!(handbook.warnings.is_empty());
    assert_eq!(
        page_of(&handbook, "at most five days can be carried over"),
        Some(2)
    );
    assert_eq!(
        page_of(
            &handbook,
            "City group: A; Examples: London, Zurich, Oslo; Hotel limit per night: 210 EUR"
        ),
        Some(3)
    );
    assert_eq!(page_of(&handbook, "within 0.4 seconds"), Some(5));
    assert_eq!(
        page_of(
            &handbook,
            "Severity: 2; Meaning: one site stands; First answer: 1 hour"
        ),
        Some(7)
    );
    let mut blocks = handbook.pages.iter().flat_map(|page| &page.blocks);
    assert!(
        blocks
            .clone()
            .any(|block| block.kind == BlockKind::Heading(3) && block.text == "1.2 Annual leave")
    );
    assert!(
        blocks.all(|block| !block.text.contains("edition 7 Page")),
        "the foot of the pages is no text"
    );
}

#[test]
fn the_guide_the_checklist_and_the_inventory_are_read_with_their_structure() {
    let guide = read("hr7-maintenance-guide.docx", Format::Docx);
    page_of(
        &guide,
        "E-17 means that the two encoders of a joint differ by more than 0.3 degrees",
    );
    page_of(
        &guide,
        "Part: Joint seals; Interval: 2,000 hours; Work: replace; Duration: 90 minutes",
    );
    let checklist = read("release-checklist.md", Format::Markdown);
    page_of(
        &checklist,
        "The soak run takes 48 hours on at least three robots",
    );
    let inventory = read("fleet-inventory.csv", Format::Csv);
    assert_eq!(inventory.pages[0].blocks.len(), 41);
    page_of(
        &inventory,
        "Robot: HR7-117; Site: Genoa Pra; Country: Italy; Hardware: rev 6",
    );
}
