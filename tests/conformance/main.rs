//! What every store promises, one promise a test; each engine is asked to keep them all.
//!
//! A further engine is one more line of `every_promise!`, and an opener that hands out an empty store.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod agenda;
mod answers;
mod audience;
mod back_issues;
mod catalogues;
#[path = "../support/chance.rs"]
#[allow(dead_code, unreachable_pub, reason = "other binaries use other parts of it")]
mod chance;
#[path = "../support/postgres.rs"]
#[allow(dead_code, unreachable_pub, reason = "other binaries use other parts of it")]
mod cluster;
#[path = "../support/disk.rs"]
mod disk;
mod feeds;
mod histories;
mod joinings;
mod known_links;
mod ledger;
mod library;
mod moving;
mod newsroom;
mod postgres;
mod postgres_chance;
mod postgres_claims;
mod postgres_ledger;
mod postgres_nodes;
mod postgres_readers;
mod postgres_shelf;
mod power;
mod sqlite;
#[path = "../support/strait.rs"]
#[allow(dead_code, unreachable_pub, reason = "other binaries use other parts of it")]
mod strait;
mod subscribers;
mod tries;
mod turns;
mod visitors;
mod walks;
mod wandering;
mod waves;

macro_rules! kept {
    ($open:path; $room:ident: $($promise:ident),+ $(,)?) => {
        mod $room {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    let Some(empty) = $open().await else { return };
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
            kept! { $open; visitors:
                a_visitor_is_known_by_number_with_all_subscriptions,
                every_list_ever_declared_keeps_its_number,
                a_reader_is_called_as_they_wish_or_not_at_all,
                a_reader_gets_the_mail_in_the_form_they_wish,
                a_departure_by_page_or_mail_program_is_taken_back_as_if_it_had_not_been,
                no_other_departure_is_taken_back,
            }
            kept! { $open; joinings:
                a_request_waits_under_a_number_of_its_own,
                who_is_on_all_those_lists_already_waits_for_nothing,
                c4_who_is_suppressed_or_erased_waits_for_nothing_and_leaves_no_trace,
                t9_each_cap_holds_and_what_it_refuses_does_not_count,
                what_is_taken_back_was_never_asked,
                who_confirms_is_entered_once_on_what_was_asked_for,
                who_is_suppressed_meanwhile_is_not_entered,
                c1_what_is_old_is_forgotten_and_no_more,
            }
            kept! { $open; back_issues:
                what_is_out_comes_oldest_first,
                an_issue_of_the_same_id_is_replaced,
                the_shelf_has_all_but_the_manuscripts_and_one_issue_is_had_whole,
            }
            kept! { $open; agenda:
                the_latest_proof_comes_first_whatever_the_clock_said,
                what_is_shown_again_is_the_latest_proof_again,
                t15_the_latest_proof_can_be_mailed_as_it_was_shown,
                what_a_later_proof_replaced_is_thawed,
                what_was_approved_or_mailed_stays_frozen,
                an_approval_counts_once_however_it_is_spelt,
                approvals_are_of_one_edition_and_one_issue,
                what_was_never_shown_cannot_be_approved,
                a_held_issue_gets_no_mailing_until_it_is_let_go,
                a_graver_hold_takes_the_place_of_a_lesser_one,
                an_issue_whose_mailing_is_open_cannot_be_held,
                lifting_says_whether_and_remembers_when,
                a_word_is_told_once_unless_it_is_taken_back,
                what_is_taken_back_takes_with_it_what_begins_so,
                of_many_who_ask_at_once_one_is_the_first,
                the_home_is_the_one_that_was_said_last,
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
            kept! { $open; waves:
                a_provider_is_known_by_the_exact_domain,
                a_claim_takes_from_one_provider_only,
                what_waits_is_told_with_its_time,
                nothing_waits_where_all_is_at_rest,
                seeds_come_first_and_on_account_of_their_list,
                a_suppressed_seed_is_withheld,
                the_canary_is_spread_evenly,
                a_canary_larger_than_the_list_is_everybody,
                a_deferred_canary_is_due_whatever_the_wave,
                a_mailing_remembers_that_some_get_it_first,
                the_canary_has_its_time,
                those_who_joined_since_are_added,
                a_finished_mailing_is_reopened_for_those_who_joined_since,
                a_late_reader_who_left_again_is_withheld,
                calls_about_an_unknown_mailing_are_refused,
            }
            kept! { $open; turns:
                pauses_are_kept_until_they_end,
                an_unknown_mailing_cannot_be_paused,
                a_note_says_what_was_and_what_comes,
                a_note_is_kept_whole_or_not_at_all,
                one_wrong_note_spoils_no_other,
                a_cancelled_mailing_withholds_what_has_not_gone_out,
                what_is_deferred_after_the_cancelling_goes_out_no_more,
                a_mailing_cancelled_before_anybody_had_it_is_not_out,
                a_mailing_cancelled_after_somebody_had_it_is_out,
                a_cancelled_mailing_is_not_begun_again,
                what_failed_but_not_for_good_is_tried_again,
                where_nothing_failed_nothing_is_tried_again,
                traffic_is_counted_by_minute_relay_and_provider,
                reasons_come_with_the_most_frequent_first,
                a_lost_connection_is_a_reason_without_a_code,
                domains_are_counted_once_for_each_reader,
                tallies_add_up_to_the_tally,
            }
            kept! { $open; known_links:
                what_a_link_came_to_is_known_as_it_was,
                only_a_later_try_replaces_what_is_known,
            }
            kept! { $open; feeds:
                a_feed_is_known_as_it_was_with_its_items,
                an_item_stays_first_seen_when_it_was,
                an_item_stays_with_the_issue_that_has_it,
                a_feed_that_renames_its_items_fills_nothing,
                only_what_no_issue_has_is_forgotten_after_a_year,
            }
            kept! { $open; audience:
                each_entry_of_a_roll_is_counted_once,
                a_roll_that_is_broken_off_leaves_nothing,
                a_rehearsal_tells_all_and_changes_nothing,
                who_is_gone_is_suppressed_and_becomes_no_reader,
                a_departure_counts_wherever_it_stands,
                an_entry_may_name_its_list_and_must_have_one,
                a_list_becomes_equal_to_a_roll_unless_it_brakes,
                the_register_tells_each_subscription_with_its_last_proof,
                suppressions_come_page_by_page,
                a_long_roll_with_repeats_is_entered_to_the_last_line,
                who_asks_to_come_back_is_let_in_once_and_the_proof_stays,
                c4_who_is_erased_comes_back_only_by_being_readmitted,
                a_request_that_waits_is_told_and_erased_with_its_address,
                c4_who_is_erased_is_unknown_and_never_entered_again,
                c4_what_waits_for_the_erased_is_withheld_and_what_is_under_way_ends_first,
            }
            kept! { $open; library:
                files_are_kept_as_they_were_and_replaced_as_a_whole,
                a_large_file_comes_whole_and_in_parts,
                a_file_of_two_issues_stays_until_both_have_let_it_go,
                the_mark_moves_with_every_change_and_only_then,
                what_is_out_wants_cataloguing_once_and_after_each_change,
                what_is_not_out_is_in_no_catalogue,
                words_are_found_in_every_form_case_and_accent,
                a_title_weighs_most_and_of_equals_the_newest_comes_first,
                a_hit_shows_what_matched_and_nothing_can_pretend_to,
                t20_a_readers_words_are_no_language_of_the_engine,
                who_refers_to_an_issue_is_known_the_newest_first,
                an_issue_is_public_while_it_is_mailed_and_not_once_it_is_cancelled,
            }
            kept! { $open; histories:
                tallies_are_what_the_lines_count,
            }
        }
    };
}

every_promise!(on_sqlite, crate::sqlite::open);
every_promise!(on_postgres, crate::postgres::open);
