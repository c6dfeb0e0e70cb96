//! Vectors as int8 codes with one scale each, and the exact scan over them.
//!
//! Vectors are brought to length 1 first, so that the dot product is the cosine. A scan reads a
//! quarter of the bytes that f32 would take; the best are ranked again in f32 by the caller.

use std::{cmp::Reverse, collections::BinaryHeap};

use entities::{DocumentId, PassageId};

/// A vector of length 1 as codes: component = code × scale.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Quantized {
    pub(crate) scale: f32,
    pub(crate) codes: Vec<i8>,
}

/// `vector` brought to length 1; nothing when it has no direction.
pub(crate) fn normalized(vector: &[f32]) -> Option<Vec<f32>> {
    let length = dot(vector, vector).sqrt();
    (length.is_finite() && length > f32::MIN_POSITIVE)
        .then(|| vector.iter().map(|component| component / length).collect())
}

/// The codes of a vector of length 1.
pub(crate) fn quantize(vector: &[f32]) -> Quantized {
    let largest = vector
        .iter()
        .fold(0.0_f32, |largest, component| largest.max(component.abs()));
    let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "components lie within 127 scales"
    )]
    let codes = vector
        .iter()
        .map(|component| (component / scale).round() as i8)
        .collect();
    Quantized { scale, codes }
}

/// The dot product of two vectors of one size.
pub(crate) fn dot(one: &[f32], other: &[f32]) -> f32 {
    const LANES: usize = 8;
    let mut sums = [0.0_f32; LANES];
    let (one_chunks, other_chunks) = (one.chunks_exact(LANES), other.chunks_exact(LANES));
    let rest: f32 = one_chunks
        .remainder()
        .iter()
        .zip(other_chunks.remainder())
        .map(|(left, right)| left * right)
        .sum();
    for (left, right) in one_chunks.zip(other_chunks) {
        for lane in 0..LANES {
            sums[lane] += left[lane] * right[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

fn dot_codes(one: &[i8], other: &[i8]) -> i32 {
    const LANES: usize = 32;
    let (one_chunks, other_chunks) = (one.chunks_exact(LANES), other.chunks_exact(LANES));
    let rest: i32 = one_chunks
        .remainder()
        .iter()
        .zip(other_chunks.remainder())
        .map(|(left, right)| i32::from(*left) * i32::from(*right))
        .sum();
    let whole: i32 = one_chunks
        .zip(other_chunks)
        .map(|(left, right)| {
            left.iter()
                .zip(right)
                .map(|(left, right)| i32::from(i16::from(*left) * i16::from(*right)))
                .sum::<i32>()
        })
        .sum();
    whole + rest
}

/// Little-endian bytes of f32 components.
pub(crate) fn to_bytes(vector: &[f32]) -> Vec<u8> {
    vector
        .iter()
        .flat_map(|component| component.to_le_bytes())
        .collect()
}

/// The components of little-endian bytes; a rest of fewer than four bytes is ignored.
pub(crate) fn from_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes
        .chunks_exact(4)
        .map(|part| f32::from_le_bytes([part[0], part[1], part[2], part[3]]))
        .collect()
}

/// The vectors of one store, made by one model.
#[derive(Debug, Default)]
pub(crate) struct VectorSet {
    dimensions: usize,
    entries: Vec<Entry>,
    codes: Vec<i8>,
}

/// To which passage a vector belongs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) passage_id: PassageId,
    pub(crate) document_id: DocumentId,
    pub(crate) generation: i64,
    pub(crate) scale: f32,
}

impl VectorSet {
    pub(crate) fn new(dimensions: usize) -> Self {
        Self {
            dimensions,
            ..Self::default()
        }
    }

    /// Adds a vector; one of another size is left out, as it cannot be compared.
    pub(crate) fn push(&mut self, entry: Entry, codes: &[u8]) {
        if codes.len() == self.dimensions {
            self.entries.push(entry);
            self.codes
                .extend(codes.iter().map(|code| code.cast_signed()));
        }
    }

    /// Memory taken.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.codes.capacity() + self.entries.capacity() * size_of::<Entry>()
    }

    /// The `top` passages nearest to `query` among those that `counts`, nearest first.
    pub(crate) fn nearest(
        &self,
        query: &Quantized,
        top: usize,
        counts: impl Fn(&Entry) -> bool,
    ) -> Vec<(PassageId, f32)> {
        if query.codes.len() != self.dimensions || self.dimensions == 0 || top == 0 {
            return Vec::new();
        }
        let mut best: BinaryHeap<Reverse<Near>> = BinaryHeap::with_capacity(top + 1);
        for (entry, codes) in self
            .entries
            .iter()
            .zip(self.codes.chunks_exact(self.dimensions))
        {
            if !counts(entry) {
                continue;
            }
            #[expect(
                clippy::cast_precision_loss,
                reason = "a ranking, made exact afterwards in f32"
            )]
            let similarity = dot_codes(codes, &query.codes) as f32 * entry.scale * query.scale;
            best.push(Reverse(Near {
                similarity,
                passage_id: entry.passage_id,
            }));
            if best.len() > top {
                best.pop();
            }
        }
        best.into_sorted_vec()
            .into_iter()
            .map(|Reverse(near)| (near.passage_id, near.similarity))
            .collect()
    }
}

#[derive(Clone, Copy, Debug)]
struct Near {
    similarity: f32,
    passage_id: PassageId,
}

impl Ord for Near {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.similarity
            .total_cmp(&other.similarity)
            .then(other.passage_id.cmp(&self.passage_id))
    }
}

impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Near {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Near {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(vectors: &[Vec<f32>]) -> VectorSet {
        let mut set = VectorSet::new(vectors[0].len());
        for (vector, id) in vectors.iter().zip(0_i64..) {
            let quantized = quantize(vector);
            let codes: Vec<u8> = quantized
                .codes
                .iter()
                .map(|code| code.cast_unsigned())
                .collect();
            let entry = Entry {
                passage_id: PassageId(id),
                document_id: DocumentId(id % 2),
                generation: 1,
                scale: quantized.scale,
            };
            set.push(entry, &codes);
        }
        set
    }

    fn any_vector(dimensions: usize) -> impl Strategy<Value = Vec<f32>> {
        prop::collection::vec(-1.0_f32..1.0, dimensions)
            .prop_filter_map("has a direction", |vector| normalized(&vector))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn codes_come_within_half_a_scale(vector in any_vector(67)) {
            let quantized = quantize(&vector);
            for (component, code) in vector.iter().zip(&quantized.codes) {
                prop_assert!((component - f32::from(*code) * quantized.scale).abs() <= quantized.scale * 0.501);
            }
        }

        #[test]
        fn the_scan_agrees_with_exact_cosines(
            vectors in prop::collection::vec(any_vector(67), 30),
            query in any_vector(67),
        ) {
            let found = set(&vectors).nearest(&quantize(&query), 30, |_| true);
            prop_assert_eq!(found.len(), 30);
            for (id, similarity) in found {
                let exact = dot(&vectors[usize::try_from(id.0).unwrap()], &query);
                prop_assert!((exact - similarity).abs() < 0.02, "{exact} {similarity}");
            }
        }

        #[test]
        fn bytes_carry_vectors_unchanged(vector in any_vector(9)) {
            prop_assert_eq!(from_bytes(&to_bytes(&vector)), vector);
        }
    }

    #[test]
    fn filters_apply_before_the_best_are_chosen() {
        let vectors: Vec<Vec<f32>> = [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]]
            .iter()
            .filter_map(|vector| normalized(vector))
            .collect();
        let query = quantize(&[1.0, 0.0]);
        let found = set(&vectors).nearest(&query, 1, |entry| entry.document_id == DocumentId(1));
        assert_eq!(found[0].0, PassageId(1));
        let ordered: Vec<i64> = set(&vectors)
            .nearest(&query, 4, |_| true)
            .iter()
            .map(|found| found.0.0)
            .collect();
        assert_eq!(ordered, [0, 1, 3, 2]);
    }

    #[test]
    fn what_cannot_be_compared_is_left_out() {
        assert_eq!(normalized(&[0.0, 0.0]), None);
        assert_eq!(normalized(&[f32::NAN, 1.0]), None);
        let mut set = VectorSet::new(2);
        let entry = Entry {
            passage_id: PassageId(1),
            document_id: DocumentId(1),
            generation: 1,
            scale: 1.0,
        };
        set.push(entry, &[1, 2, 3]);
        assert!(set.nearest(&quantize(&[1.0, 0.0]), 5, |_| true).is_empty());
        assert!(
            set.nearest(&quantize(&[1.0, 0.0, 0.0]), 5, |_| true)
                .is_empty()
        );
    }
}
