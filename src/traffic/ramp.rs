//! How much a provider may be sent in a day by a sender whom it does not know yet.

use jiff::ToSpan as _;
use jiff::civil::Date;

/// The steps of a new sender, messages a day and provider (STANDARDS section 4, warm-up); after them it doubles.
const STEPS: [u64; 7] = [50, 100, 250, 500, 1000, 2500, 5000];

/// Days after which what was sent no longer speaks for the sender.
const MEMORY: i64 = 30;

/// How many messages may go to a provider today, given what it took on which day and what it turned away as a block.
///
/// The step above the best day of the last thirty, never more than twice that day; the same step again after a day with
/// blocks. A step is taken with nine tenths of it, since some are always refused. Derived from what was truly sent, so that it needs no state of its own: a day without mail is no step, and a
/// restart changes nothing. Days from today on are not looked at.
pub fn allowance(history: &[(Date, u64, u64)], today: Date) -> u64 {
    let mut day = today;
    // Blocks hold the step of the day they came on, and of the days before it that had blocks too.
    while let Some(last) = history.iter().filter(|(date, accepted, block)| *date < day && accepted + block > 0).max_by_key(|row| row.0) {
        if last.2 == 0 || last.0 < memory(today) {
            break;
        }
        day = last.0;
    }
    step(best(history, day)).min(ceiling(best(history, today)))
}

fn memory(day: Date) -> Date {
    day.checked_sub(MEMORY.days()).unwrap_or(Date::MIN)
}

fn best(history: &[(Date, u64, u64)], day: Date) -> u64 {
    history.iter().filter(|(date, ..)| *date < day && *date >= memory(day)).map(|row| row.1).max().unwrap_or(0)
}

fn step(best: u64) -> u64 {
    STEPS.into_iter().find(|step| step * 9 > best.saturating_mul(10)).unwrap_or(u64::MAX).min(ceiling(best))
}

fn ceiling(best: u64) -> u64 {
    best.saturating_mul(2).max(STEPS[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn day(number: i64) -> Date {
        date(2026, 1, 1).checked_add(number.days()).unwrap()
    }

    #[test]
    fn a_new_sender_climbs_the_steps_and_never_more_than_doubles() {
        let (mut history, mut steps) = (Vec::new(), Vec::new());
        for number in 0..12 {
            let today = allowance(&history, day(number));
            steps.push(today);
            history.push((day(number), today, 0));
        }
        assert_eq!(steps, [50, 100, 200, 250, 500, 1000, 2000, 2500, 5000, 10_000, 20_000, 40_000]);
    }

    #[test]
    fn a_day_with_blocks_is_repeated() {
        let mut history = vec![(day(0), 50, 0), (day(1), 100, 0), (day(2), 190, 3)];
        assert_eq!(allowance(&history, day(3)), 200, "the allowance of the day that had blocks");
        history.push((day(3), 150, 1));
        assert_eq!(allowance(&history, day(4)), 200, "and again");
        history.push((day(4), 200, 0));
        assert_eq!(allowance(&history, day(5)), 250);
    }

    #[test]
    fn days_without_mail_are_no_steps_and_old_ones_are_forgotten() {
        let history = [(day(0), 500, 0)];
        assert_eq!(allowance(&history, day(1)), 1000);
        assert_eq!(allowance(&history, day(20)), 1000);
        assert_eq!(allowance(&history, day(30)), 1000);
        assert_eq!(allowance(&history, day(31)), 50);
        assert_eq!(allowance(&history, day(0)), 50, "today's own mail does not raise today's step");
    }

    #[test]
    fn a_few_refusals_do_not_hold_a_sender_on_a_step() {
        assert_eq!(allowance(&[(day(0), 45, 0)], day(1)), 90);
        assert_eq!(allowance(&[(day(0), 44, 0)], day(1)), 50);
        assert_eq!(allowance(&[(day(0), 240, 0)], day(1)), 480);
    }

    #[test]
    fn a_handful_is_no_step_either() {
        assert_eq!(allowance(&[(day(0), 3, 0)], day(1)), 50);
        assert_eq!(allowance(&[(day(0), 0, 50)], day(1)), 50);
        assert_eq!(allowance(&[(day(0), 80, 0)], day(1)), 100);
    }
}
