//! Medians and their intervals by order statistics: no assumption about how the values are spread.

use statrs::distribution::{Binomial, DiscreteCDF};
use statrs::statistics::{Data, OrderStatistics};

/// A median with its 95 % interval.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Median {
    /// The middle value.
    pub value: f64,
    /// The interval, if there are values enough for one: six.
    pub interval: Option<(f64, f64)>,
    /// Of how many values.
    pub count: usize,
}

/// The median of `values`; None of no value.
pub fn median(mut values: Vec<f64>) -> Option<Median> {
    values.retain(|value| value.is_finite());
    values.sort_by(f64::total_cmp);
    let count = values.len();
    let interval = lowest_rank(count).map(|rank| (values[rank], values[count - 1 - rank]));
    (count > 0).then(|| Median { value: Data::new(values).median(), interval, count })
}

/// The largest rank (from 0) such that the median lies between the values of that rank from below and from
/// above with a probability of at least 95 %: each value is below the median with probability ½,
/// independently.
fn lowest_rank(count: usize) -> Option<usize> {
    let below = Binomial::new(0.5, count as u64).ok()?;
    below.inverse_cdf(0.025).checked_sub(1).map(|rank| rank as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_the_binomial_tables() {
        // Count, and the rank (from 1) of the lower end.
        for (count, rank) in
            [(5, None), (6, Some(1)), (10, Some(2)), (15, Some(4)), (25, Some(8)), (31, Some(10))]
        {
            assert_eq!(lowest_rank(count).map(|rank| rank + 1), rank, "{count}");
        }
    }

    #[test]
    fn a_median_lies_within_its_interval() {
        let values: Vec<f64> = (0..31).map(|i| f64::from(i * 7 % 31)).collect();
        let median = median(values).unwrap();
        assert_eq!((median.value, median.interval), (15.0, Some((9.0, 21.0))));
        assert_eq!(super::median(vec![f64::NAN]), None);
    }
}
