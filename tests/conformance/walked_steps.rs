//! The single steps of a walk, beyond who enters: readers, decisions, mailings, the shelf and what is known of the web.

use super::*;

/// The one run of the machine that there is: only one of the engines needs to know of others.
const BOOT: &str = "one";

impl Walker {
    pub(super) async fn change_reader(&mut self, step: usize) -> String {
        let store = Arc::clone(&self.store);
        let (who, list, evidence, now) = (self.number(), self.list(), self.evidence(), self.time());
        match step {
            4 => {
                let list = self.maybe(list);
                said(store.unsubscribe(&person(who), list.as_ref(), evidence, now).await)
            }
            5 => match self.chance.below(3) {
                0 => said(store.erase(&person(who), now).await),
                1 => said(store.readmit(&list, Enrolment { standing: Standing::Confirmed, ..self.enrolment() }, now).await),
                _ => said(store.scour().await),
            },
            6 => {
                let marks = [format!("{:064}", self.chance.below(9)), "network".to_owned(), "domain".to_owned()];
                let asking = Asking {
                    address: person(who),
                    name: self.maybe(PersonName::parse("Zo\u{eb}").unwrap()),
                    lists: vec![list],
                    detail: evidence.detail,
                    marks,
                };
                let wide = (at(0), 12);
                let caps = Caps { address: [wide; 2], network: (at(0), 60), domain: (at(0), 60), whole: (at(0), 60) };
                let answer = store.ask(asking, caps, now).await;
                if let Ok(Admitted::Waits(id)) = answer {
                    self.asked.push(id);
                }
                said(answer)
            }
            7 if !self.asked.is_empty() => {
                let id = self.of(&self.asked.clone());
                match self.chance.below(4) {
                    0 => said(store.forget_joinings(now, at(self.clock - 50)).await),
                    1 => {
                        let mark = format!("{:064}", self.chance.below(9));
                        said(store.unask(&mark, Some(id), now).await)
                    }
                    _ => said(store.join(id, at(0), evidence, now).await),
                }
            }
            _ => {
                let id = SubscriberId(i64::try_from(who).unwrap());
                match self.chance.below(3) {
                    0 => {
                        let name = self.maybe(PersonName::parse("An other").unwrap());
                        said(store.rename(id, name).await)
                    }
                    1 => {
                        let format = self.of(&[Format::Html, Format::Text]);
                        said(store.send_as(id, format).await)
                    }
                    _ => said(store.take_back(id, &list, at(0), evidence, now).await),
                }
            }
        }
    }

    pub(super) async fn decide(&mut self, step: usize) -> String {
        let store = Arc::clone(&self.store);
        let (id, now) = (self.of(&ISSUES), self.time());
        let hash = format!("{:0>64}", self.chance.below(4));
        match step {
            9 => {
                let proof = Proof { issue: issue(id), edition: hash.clone(), draft: format!("draft {now}"), at: now };
                let mut edition = edition(id);
                (edition.hash, edition.html) = (hash, self.text());
                said(store.show(proof, Frozen { edition, archived: archived(id), lists: vec![self.list()] }).await)
            }
            10 => {
                let (editor, means) = (person(self.number()), self.of(&Means::ALL));
                said(store.approve(Approval { issue: issue(id), edition: hash, editor, at: now, means }).await)
            }
            11 if self.is_so() => {
                let (reason, cause) = (self.text(), self.of(&HoldCause::ALL));
                said(store.hold(Hold { issue: issue(id), since: now, reason, cause }).await)
            }
            11 => said(store.lift(&issue(id), now).await),
            _ => {
                let what = format!("{id} {}", self.of(&["", "b", "B", "\u{e4}", "\u{1F33B}"]));
                if self.is_so() { said(store.first_time(&what, now).await) } else { said(store.forget(&what).await) }
            }
        }
    }

    pub(super) async fn open(&mut self, step: usize) -> String {
        let store = Arc::clone(&self.store);
        let (id, list, now) = (self.of(&ISSUES), self.list(), self.now());
        if step < 15 {
            let (mut edition, mut archived) = (edition(id), archived(id));
            (edition.text, archived.manuscript) = (self.text(), self.text());
            let seeds = self.maybe(list_id(LISTS[2]));
            let canary = u64::try_from(self.chance.below(3)).unwrap();
            let lists = if list.as_str() == LISTS[0] { vec![list, list_id(LISTS[1])] } else { vec![list_id(LISTS[0])] };
            let opening = Opening { edition, archived, lists, providers: Self::providers(), seeds, canary, at: now };
            let opened = store.open_mailing(opening).await;
            if let Ok(opened) = opened.as_ref().map(|opened| opened.mailing.clone()) {
                self.take_up(&opened).await;
            }
            return said(opened);
        }
        let Some(mailing) = self.mailing().await else { return String::new() };
        said(store.extend(Latecomers { mailing: mailing.id, list, since: at(0), providers: Self::providers(), at: now }).await)
    }

    pub(super) async fn send(&mut self, step: usize) -> String {
        let store = Arc::clone(&self.store);
        let Some(mailing) = self.mailing().await else { return String::new() };
        let now = self.now();
        if step < 20 || self.held.is_empty() {
            let waiting = store.waiting(mailing.id, Wave::Rest).await.unwrap();
            let Some(first) = waiting.first() else { return "nothing waits".to_owned() };
            let shown = format!("{waiting:?} ");
            let provider = if self.is_so() { first.provider.clone() } else { self.of(&waiting).provider };
            let claim = Claim { mailing: mailing.id, provider, wave: self.of(&Wave::ALL), most: 9, now };
            return shown + &self.claim(claim).await;
        }
        let which = self.chance.below(self.held.len());
        let delivery = self.held.swap_remove(which);
        let (mailing, subscriber) = (delivery.mailing, delivery.subscriber);
        if self.chance.below(6) == 0 {
            return said(store.release(mailing, &[subscriber]).await);
        }
        let submitted = store.note(Note { mailing, settled: None, submitting: Some(subscriber), at: now }).await;
        if submitted.is_err() || self.chance.below(8) == 0 {
            return said(submitted);
        }
        let attempt = self.attempt(&delivery);
        said(store.note(Note { mailing, settled: Some(attempt), submitting: None, at: now }).await)
    }

    /// Claims whoever waits there, and gives all back but the lowest number: where nodes have given back pages before, an engine
    /// may come upon others first.
    async fn claim(&mut self, claim: Claim) -> String {
        let mut claimed: Vec<Delivery> = Vec::new();
        loop {
            match self.store.claim(claim.clone()).await {
                Ok(page) if page.is_empty() => break,
                Ok(page) => claimed.extend(page),
                fault @ Err(_) => return said(fault),
            }
        }
        claimed.sort_by_key(|delivery| delivery.subscriber.0);
        let rest: Vec<SubscriberId> = claimed.drain(claimed.len().min(1)..).map(|delivery| delivery.subscriber).collect();
        let released = said(self.store.release(claim.mailing, &rest).await);
        let shown = format!("{claimed:?} {} more {released}", rest.len());
        self.held.extend(claimed);
        shown
    }

    fn attempt(&mut self, delivery: &Delivery) -> Attempt {
        let next_at = at(self.clock + i64::try_from(self.chance.below(40)).unwrap());
        let fates = [
            Fate::Accepted,
            Fate::Accepted,
            Fate::Deferred { next_at },
            Fate::Deferred { next_at: Timestamp::from_second(250_000_000_000).unwrap() },
            Fate::Refused,
            Fate::Expired,
            Fate::Doubtful,
            Fate::Queued,
        ];
        let enhanced = self.of(&["4.7.1", "5.999.999"]).parse::<EnhancedCode>().ok();
        let reply = Reply { code: self.of(&[250, 451, 599]), enhanced, text: self.text() };
        Attempt {
            mailing: delivery.mailing,
            subscriber: delivery.subscriber,
            provider: delivery.provider.clone(),
            number: delivery.attempt,
            relay: self.of(&["main", "second", "the \u{1F33B}"]).into(),
            at: self.time(),
            stage: self.of(&[Stage::Greeting, Stage::Rcpt, Stage::Message]),
            reply: self.maybe(reply),
            fault: Some(self.text()),
            fate: self.of(&fates),
            judgement: self.of(&Judgement::ALL),
            suppress: self.chance.below(5) == 0,
        }
    }

    pub(super) async fn steer(&mut self, step: usize) -> String {
        let store = Arc::clone(&self.store);
        let Some(mailing) = self.mailing().await else { return String::new() };
        let (now, odd) = (self.now(), self.time());
        match step {
            23 | 24 => {
                let scopes = [Scope::Mailing(mailing.id), Scope::Provider(ProviderId::new("a")), Scope::Relay("main".to_owned())];
                let scope = self.of(&scopes);
                if self.chance.below(3) == 0 {
                    return said(store.resume(&scope).await);
                }
                let (reason, slow_to) = (self.text(), self.of(&[0.1, f64::MAX, 1e-300, 7.0]));
                said(store.pause(&scope, Pause { since: odd, until: self.maybe(now), reason, slow_to: self.maybe(slow_to) }).await)
            }
            25 => match self.chance.below(3) {
                0 => said(store.canary_sent(mailing.id, odd).await),
                1 => said(store.retry(mailing.id, now).await),
                _ => said(store.finish(mailing.id, now).await),
            },
            _ if self.chance.below(4) == 0 => said(store.cancel(mailing.id, now).await),
            _ => self.take_up(&mailing).await,
        }
    }

    async fn take_up(&mut self, mailing: &Mailing) -> String {
        let on_doubt = self.of(&[OnDoubt::Hold, OnDoubt::Resend]);
        self.held.retain(|delivery| delivery.mailing != mailing.id);
        said(self.store.take_up(mailing.id, BOOT, on_doubt, at(self.clock)).await)
    }

    /// What a move does before it carries anything, and whoever goes on after it.
    pub(crate) async fn take_up_all(&mut self) {
        self.held.clear();
        for mailing in self.store.mailings().await.unwrap() {
            self.store.take_up(mailing.id, BOOT, OnDoubt::Hold, at(self.clock)).await.unwrap();
        }
    }

    pub(super) async fn shelve(&mut self, step: usize) -> String {
        let store = Arc::clone(&self.store);
        let id = self.of(&ISSUES);
        match step {
            27 => {
                let mut archived = archived(id);
                (archived.title, archived.manuscript, archived.out_at) = (self.text(), self.text(), self.time());
                said(store.shelve(vec![archived]).await)
            }
            28 | 29 => {
                let names = ["a.png", "\u{e4}.pdf", "\u{1F33B}", "Z"];
                let files: Vec<Enclosure> = (0..self.chance.below(3))
                    .map(|place| Enclosure {
                        name: names[place].to_owned(),
                        pixels: self.maybe((640, u32::MAX)),
                        octets: self.text().into_bytes(),
                    })
                    .collect();
                said(store.enclose(&issue(id), files).await)
            }
            _ => self.catalogue().await,
        }
    }

    /// Catalogues whatever is out and not in the catalogue.
    pub(crate) async fn catalogue(&mut self) -> String {
        let store = &self.store;
        let mark = store.shelf_mark().await.unwrap();
        let wanting = store.uncatalogued(1).await.unwrap();
        for id in &wanting {
            let day = id.day().or_else(|| id.month().day(1)).unwrap();
            let kept = store.back_issue(id).await.unwrap().unwrap();
            let article =
                CataloguedArticle { slug: "first".to_owned(), title: kept.title, text: format!("Words of wells, {}", kept.manuscript) };
            store
                .catalogue(Catalogued { issue: id.clone(), version: 1, day, articles: vec![article], refers: Vec::new() }, mark)
                .await
                .unwrap();
        }
        format!("{wanting:?}")
    }

    pub(super) async fn learn(&mut self, step: usize) -> String {
        let store = Arc::clone(&self.store);
        let (tried_at, feed) = (self.time(), self.of(&FEEDS).to_owned());
        match step {
            31 => {
                let url = self.address();
                let state = LinkState {
                    url: url.clone(),
                    tried_at,
                    end: self.of(&[LinkEnd::Answered(599), LinkEnd::Loop]),
                    final_url: self.text(),
                    moved_to: self.maybe(url),
                    media_type: None,
                    octets: self.of(&[None, Some(u64::MAX), Some(0)]),
                    etag: Some(self.text()),
                    last_modified: None,
                };
                said(store.keep_links(vec![state]).await)
            }
            32 => {
                let (known, etag) = (self.maybe(tried_at), self.text());
                let state = FeedState {
                    url: feed.clone(),
                    tried_at: self.now(),
                    known_since: known,
                    fetched_at: known,
                    fault: Some(self.text()),
                    final_url: feed.clone(),
                    etag: self.maybe(etag),
                    last_modified: None,
                };
                let items: Vec<FeedItem> = (0..self.chance.below(4)).map(|place| self.item(&feed, place)).collect();
                said(store.keep_feed(state, items).await)
            }
            _ => {
                let known = store.feed_items(&[feed]).await.unwrap();
                let mut keys: Vec<ItemKey> = known.into_iter().map(|item| ItemKey { feed: item.feed, key: item.key }).collect();
                keys.sort_by(|one, other| one.key.cmp(&other.key));
                keys.truncate(1);
                let id = issue(self.of(&ISSUES));
                said(store.carry(&id, &keys).await)
            }
        }
    }

    /// The address of a page, short or as long as they are kept.
    fn address(&mut self) -> String {
        let letters = if self.is_so() { 3 } else { LONGEST - 30 };
        let word: String = (0..letters).map(|_| char::from(b'a' + u8::try_from(self.chance.below(26)).unwrap())).collect();
        format!("https://one.example/{word}")
    }

    fn item(&mut self, feed: &str, place: usize) -> FeedItem {
        FeedItem {
            feed: feed.to_owned(),
            key: self.of(&["", " ", "a", "A", "\u{e4}", "\u{FFFD}", "\u{10FFFF}"]).to_owned() + &self.address(),
            place: u32::try_from(place).unwrap(),
            link: "https://one.example/1".to_owned(),
            title: self.text(),
            excerpt: self.text(),
            published: None,
            first_seen: self.time(),
            carried_by: None,
        }
    }
}
