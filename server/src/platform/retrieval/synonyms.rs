//! Words that people use for one another in questions and manuals. English only: a question in
//! another language is looked for by its own words.

use std::{collections::HashMap, sync::LazyLock};

use super::{language::Language, terms::Analyzer};

/// Each line is a group; a word may be in several.
const GROUPS: &str = "\
delete remove erase wipe drop purge discard
delete uninstall remove
undo revert restore recover
restore recover undelete rescue repair
create make add generate build
add insert append
change modify alter edit adjust
change switch replace convert
convert transform translate
update upgrade refresh
downgrade revert
start launch begin run open
start boot
run execute launch invoke
stop end terminate kill abort cancel quit
stop halt shutdown
stop prevent avoid block disable forbid suppress
disable deactivate off
enable activate
allow permit grant authorize
deny refuse reject forbid block
restrict limit confine
limit maximum quota
show display list print view
see view look
find search locate look
find determine identify discover
check verify test validate inspect
copy duplicate clone replicate
duplicate repeat identical
repeat recur loop
move relocate transfer
rename name
send transmit deliver
receive get obtain fetch
download fetch retrieve
get obtain retrieve acquire
save store keep record
keep retain preserve
join merge combine concatenate
split divide cut separate partition
compress pack zip archive shrink
extract unpack decompress
backup archive dump copy
sort order arrange
count number total
choose select pick
choice option menu
set configure setup
configure customize setting
setting option preference parameter configuration
install setup
connect attach join
disconnect detach
mount attach
login logon authenticate
logout logoff exit
leave exit quit
wait pause delay sleep
idle inactive timeout
time moment date
schedule plan timer
later future
fast quick speed performance
slow performance
improve optimize tune
big large huge size
small tiny little
grow increase expand enlarge bloat
shrink reduce decrease
full exhausted
empty unset blank null
default standard
wrong incorrect invalid bad
broken damaged corrupt
error failure problem fault
error mistake
fail failure error
crash hang freeze
hang stuck unresponsive block
trouble problem issue
fix repair solve
message notice
notify inform alert
warning alert
password passphrase credential
user account
person user people
administrator root superuser
own owner
permission right privilege access
secret key
encrypt cipher encryption
secure protect security safe
folder directory
file document
disk drive storage
computer machine host system
server daemon service
program application software
program command utility tool
script program
screen display monitor terminal
terminal console
keyboard key
press hit type
type kind
internet network web
address location
website site page
line row
row record tuple
column field attribute
table relation
part piece portion section
group class
input stdin
output stdout
variable parameter
argument parameter option
value content
text string
word term
letter character
number digit
language locale
picture image
sound audio
mail email
print printer
memory ram
cpu processor
process task job
job task
thread process
space room
copy replica
standby replica
transaction commit
lock deadlock
version release
old previous earlier former
last previous recent
first initial
new recent
next following
automatic automatically
manual handbook guide
explain describe
purpose use reason
reason cause
allow let
require need
cost price fee
pay payment
buy purchase
employee staff worker
customer client
client frontend
law rule regulation
meeting appointment
illness disease
doctor physician
car vehicle
house building
money fund
";

/// Terms of each group, by the terms that belong to it.
static BY_TERM: LazyLock<HashMap<String, Vec<String>>> = LazyLock::new(|| {
    let mut analyzer = Analyzer::new(Language::English);
    let mut by_term: HashMap<String, Vec<String>> = HashMap::new();
    for group in GROUPS.lines() {
        let terms: Vec<String> = group
            .split_whitespace()
            .map(|word| analyzer.term(word).to_owned())
            .collect();
        for term in &terms {
            let known = by_term.entry(term.clone()).or_default();
            for other in &terms {
                if other != term && !known.contains(other) {
                    known.push(other.clone());
                }
            }
        }
    }
    by_term
});

/// Terms that may stand for an English `term`.
pub(super) fn synonyms(term: &str) -> &'static [String] {
    BY_TERM.get(term).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::synonyms;

    #[test]
    fn words_of_a_group_stand_for_one_another() {
        assert!(synonyms("delet").contains(&"remov".to_owned()));
        assert!(synonyms("folder").contains(&"directori".to_owned()));
        assert!(!synonyms("delet").contains(&"delet".to_owned()));
        assert!(synonyms("lighthouse").is_empty());
    }
}
