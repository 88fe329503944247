//! What every store promises, one promise a test; each engine is asked to keep them all.
//!
//! A further engine is one more line of `every_promise!`, and an opener that hands out an empty store.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod back_issues;
mod ledger;
mod newsroom;
mod sqlite;
mod subscribers;
mod tries;

macro_rules! kept {
    ($open:path; $room:ident: $($promise:ident),+ $(,)?) => {
        mod $room {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    let empty = $open().await;
                    crate::$room::$promise(empty.store()).await;
                }
            )+
        }
    };
}

macro_rules! every_promise {
    ($engine:ident, $open:path) => {
        mod $engine {
            kept! { $open; subscribers:
                a_declared_list_is_known_and_may_be_renamed,
                a_list_that_is_declared_no_more_keeps_its_readers,
                a_list_counts_who_stands_where,
                outcomes_come_in_the_order_of_the_roll,
                two_spellings_of_an_address_are_one_reader,
                a_suppressed_address_is_never_entered,
                a_departure_is_noted_even_of_a_suppressed_reader,
                a_roll_revives_nobody,
                a_reader_who_asks_begins_anew,
                pending_never_replaces_confirmed,
                a_roll_confirms_who_was_pending,
                a_roll_records_departures,
                every_change_of_standing_leaves_its_evidence,
                what_changes_nothing_leaves_no_consent_line,
                a_name_fills_a_gap_and_replaces_none,
                a_roll_for_an_unknown_list_enters_nobody,
                leaving_ends_one_list_or_all_and_says_which,
                an_unknown_address_leaves_nothing,
                a_dossier_holds_all_that_is_known,
                nobody_has_a_dossier_unasked,
                pages_of_readers_are_complete_and_in_order,
                pages_of_one_list_hold_its_readers_only,
                the_audience_counts_each_reader_once,
            }
            kept! { $open; back_issues:
                what_is_out_comes_oldest_first,
                an_issue_of_the_same_id_is_replaced,
            }
            kept! { $open; ledger:
                an_issue_goes_out_once_however_often_it_is_opened,
                every_confirmed_reader_gets_one_line,
                the_first_list_in_order_counts,
                a_suppressed_reader_gets_a_withheld_line,
                a_mailing_to_an_unknown_list_is_not_opened,
                an_edition_is_frozen_as_it_was,
                mailings_come_newest_first,
                a_line_tells_the_last_answer,
                lines_come_in_complete_pages_and_in_order,
                lines_are_found_by_their_fate,
                a_mailing_is_finished_only_when_nothing_is_open,
                a_finished_mailing_puts_its_issue_on_the_shelf_once,
                an_unknown_mailing_cannot_be_finished,
                a_mailing_to_nobody_can_be_finished,
            }
            kept! { $open; tries:
                a_claim_carries_what_composing_needs,
                the_lowest_numbers_are_claimed_first,
                nobody_is_claimed_twice,
                the_first_claim_fixes_the_date,
                a_deferred_delivery_waits_until_it_is_due,
                a_reader_who_left_since_the_opening_is_withheld,
                a_reader_suppressed_since_the_opening_is_withheld,
                a_reader_of_two_lists_who_left_one_gets_it_on_account_of_the_other,
                an_empty_claim_means_that_nothing_waits,
                what_is_released_is_queued_again_and_was_no_try,
                only_what_is_claimed_is_released,
                only_a_claimed_delivery_may_be_submitted,
                take_up_queues_what_was_claimed,
                take_up_sends_again_what_is_in_doubt,
                take_up_holds_what_is_in_doubt,
                what_is_held_can_be_settled,
                what_was_held_is_sent_again_once_that_is_the_rule,
                take_up_leaves_every_other_fate_alone,
                a_delivery_at_rest_stays_at_rest,
                a_try_without_connection_counts,
                the_tally_counts_every_fate,
                sending_deletes_no_line,
                a_refusal_on_evidence_suppresses_the_address,
                the_first_evidence_of_a_suppression_stays,
            }
        }
    };
}

every_promise!(on_sqlite, crate::sqlite::open);
