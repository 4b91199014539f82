//! Several hosts on one record: how long each is taken to be there, who leads, and whose clock is
//! right (SPEC §9). Times of rows are those of the database, lengths of time those of a boot clock.

use super::ids::HostId;
use super::time::{Now, SECOND_US, Timestamp};

/// Microseconds for which a leader has the lead after it last kept it up: a takeover is no later
/// than this and the pause of whoever stands by.
pub const LEAD_US: i64 = 9 * SECOND_US / 2;
/// The same of a host that runs stages: longer, for a process that is started again on it finds its
/// stages running.
pub const HOST_US: i64 = 15 * SECOND_US;
/// How often the lead, or that a host is there, is kept up.
const KEEP_US: i64 = 2 * SECOND_US;
/// How often whoever stands by looks whether the lead is free, where nobody tells.
pub const STANDBY_US: i64 = SECOND_US;
/// A leader that could not keep the lead up for this long gives it up: by the time of the database
/// it is not over before.
const HELD_US: i64 = LEAD_US - SECOND_US / 2;
/// More microseconds than the clocks of a host and of the database may differ.
pub const AHEAD_US_MAX: i64 = SECOND_US;

/// The row that says who leads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeadRow {
    /// The number of whoever led last; 0: nobody ever did.
    pub epoch: u64,
    /// They have not given the lead back.
    pub is_held: bool,
    /// Whose run directories are kept up to date: the host of whoever leads, or led last.
    pub host: Option<HostId>,
    /// Until then nobody else takes the lead.
    pub until: Option<Timestamp>,
}

impl LeadRow {
    /// Nobody leads at this time of the database.
    pub fn is_free(&self, time: Timestamp) -> bool {
        !self.is_held || is_gone(self.until, time)
    }

    /// The row when this host takes the lead; none: another one leads. On the same host the lock of
    /// the runs directory says that whoever led is gone.
    pub fn taken(&self, host: &HostId, time: Timestamp) -> Option<Self> {
        let may = self.is_free(time) || self.host.as_ref() == Some(host);
        may.then(|| Self {
            epoch: self.epoch.saturating_add(1),
            is_held: true,
            host: Some(host.clone()),
            until: Some(time.plus_us(LEAD_US)),
        })
    }

    /// The epoch under which may be written what only the leader writes: its time may be over as long
    /// as nobody else has taken the lead.
    pub fn writer(&self) -> Option<u64> {
        self.is_held.then_some(self.epoch)
    }
}

/// Whether what was kept up until then, if ever, is over at this time of the database.
pub fn is_gone(until: Option<Timestamp>, time: Timestamp) -> bool {
    until.is_none_or(|until| until <= time)
}

/// How things stand among the hosts, as the database told when it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// The epoch that was given is still that of the leader.
    pub is_lead: bool,
    /// Nobody leads.
    pub is_free: bool,
    /// Stages are said to run on a host that is gone.
    pub has_lost: bool,
    /// The time of the database.
    pub time: Timestamp,
}

/// What a process is to the lead of a shared record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// It does not stand for the lead, or waits for the lock of its runs directory.
    Not,
    /// It has the lock, and speaks for its host.
    Agent,
    /// It has asked for the lead, and was not answered.
    Taking,
    /// It leads, with this epoch.
    Leads(u64),
}

impl Stands {
    /// The epoch that it leads with.
    pub fn epoch(self) -> Option<u64> {
        match self {
            Self::Leads(epoch) => Some(epoch),
            Self::Not | Self::Agent | Self::Taking => None,
        }
    }

    /// Whether it says for its host that that is there.
    pub fn is_agent(self) -> bool {
        match self {
            Self::Agent | Self::Taking | Self::Leads(_) => true,
            Self::Not => false,
        }
    }

    /// Whether it waits for the lead.
    pub fn stands_by(self) -> bool {
        self.is_agent() && self.epoch().is_none()
    }

    /// Microseconds after which the database is told and asked again.
    pub fn pause_us(self) -> i64 {
        if self.stands_by() { STANDBY_US } else { KEEP_US }
    }
}

/// What is to be done about the lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    Nothing,
    /// The lead is asked for.
    Take,
    /// What only a leader does ends, and the process goes on to speak for its host.
    StepDown,
    /// The same, and others are told.
    GiveBack(u64),
}

/// What a process knows of its lead and of its clock by what the database told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Watch {
    kept_at_us: i64,
    ahead_us: Option<i64>,
}

impl Watch {
    /// The lead has begun, or was kept up, now by the boot clock.
    pub fn leads(&mut self, boot_us: i64) {
        self.kept_at_us = boot_us;
    }

    /// What follows from how things stand, asked when the process led with the epoch `asked_as`.
    pub fn hears(&mut self, stands: Stands, asked_as: Option<u64>, kept: &Kept, boot_us: i64) -> Turn {
        match stands {
            Stands::Leads(epoch) if asked_as == Some(epoch) && kept.is_lead => {
                self.leads(boot_us);
                Turn::Nothing
            }
            Stands::Leads(epoch) if asked_as == Some(epoch) => Turn::StepDown,
            Stands::Agent if kept.is_free && self.has_the_time() => Turn::Take,
            Stands::Leads(_) | Stands::Agent | Stands::Taking | Stands::Not => Turn::Nothing,
        }
    }

    /// What follows from what [`clock_differs`] found; a clock that is off ends a lead however it came
    /// about.
    pub fn hears_time(&mut self, stands: Stands, ahead_us: Option<i64>) -> Turn {
        self.ahead_us = ahead_us;
        match stands {
            Stands::Leads(epoch) if ahead_us.is_some() => Turn::GiveBack(epoch),
            Stands::Leads(_) | Stands::Agent | Stands::Taking | Stands::Not => Turn::Nothing,
        }
    }

    /// Whether what this host takes for the time is. Where it is not, nothing is decided here, no timer
    /// ends, and nothing is led.
    pub fn has_the_time(&self) -> bool {
        self.ahead_us.is_none()
    }

    /// When the lead that could not be kept up meanwhile is given up, by the boot clock.
    pub fn lead_ends_us(&self) -> i64 {
        self.kept_at_us.saturating_add(HELD_US + 1)
    }
}

/// Whether the clock of this host is that of the database, which said its time between these two
/// readings: by how many microseconds it is ahead, if it is so far off that its deadlines would be
/// others. None: the answer was too long on its way to tell.
pub fn clock_differs(before: Now, time: Timestamp, after: Now) -> Option<Option<i64>> {
    let doubt_us = after.boot_us.saturating_sub(before.boot_us).max(0) / 2;
    let ahead_us = after.utc.micros() - doubt_us - time.micros();
    match (ahead_us.abs() - doubt_us, ahead_us.abs() + doubt_us) {
        (surely_us, _) if surely_us > AHEAD_US_MAX => Some(Some(ahead_us)),
        (_, at_most_us) if at_most_us <= AHEAD_US_MAX => Some(None),
        _ => None,
    }
}

/// That the clock of this host is not that of the database.
pub fn differs_in_words(ahead_us: i64) -> String {
    let ms = ahead_us.unsigned_abs() / 1000;
    let which = if ahead_us < 0 { "behind" } else { "ahead of" };
    format!("the clock of this host is {ms} ms {which} that of the database")
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * SECOND_US)
    }

    fn host(name: &str) -> HostId {
        HostId::new(name).unwrap()
    }

    #[test]
    fn the_lead_is_taken_when_it_is_given_back_or_over_and_on_its_own_host_at_once() {
        let (one, other) = (host("h-1"), host("h-2"));
        let first = LeadRow::default().taken(&one, s(100)).unwrap();
        assert_eq!((first.epoch, first.writer()), (1, Some(1)));
        assert_eq!(first.taken(&other, s(104)), None);
        assert_eq!(first.taken(&one, s(104)).unwrap().epoch, 2);
        let over = s(100).plus_us(LEAD_US);
        assert_eq!(first.taken(&other, over).unwrap().epoch, 2);
        assert_eq!(first.writer(), Some(1), "nobody has taken it yet");
        let back = LeadRow {
            is_held: false,
            ..first
        };
        assert_eq!((back.writer(), back.taken(&other, s(101)).unwrap().epoch), (None, 2));
    }

    #[test]
    fn who_cannot_keep_the_lead_up_gives_it_up_before_it_is_over() {
        let mut watch = Watch::default();
        watch.leads(10 * SECOND_US);
        assert!(watch.lead_ends_us() < 10 * SECOND_US + LEAD_US);
        let kept = Kept {
            is_lead: true,
            is_free: false,
            has_lost: false,
            time: s(0),
        };
        assert_eq!(
            watch.hears(Stands::Leads(3), Some(3), &kept, 12 * SECOND_US),
            Turn::Nothing
        );
        assert!(watch.lead_ends_us() > 12 * SECOND_US);
        let lost = Kept { is_lead: false, ..kept };
        assert_eq!(
            watch.hears(Stands::Leads(3), Some(2), &lost, 13 * SECOND_US),
            Turn::Nothing,
            "of another epoch"
        );
        assert_eq!(
            watch.hears(Stands::Leads(3), Some(3), &lost, 13 * SECOND_US),
            Turn::StepDown
        );
    }

    #[test]
    fn a_wrong_clock_leads_nothing() {
        let mut watch = Watch::default();
        let free = Kept {
            is_lead: false,
            is_free: true,
            has_lost: false,
            time: s(0),
        };
        assert_eq!(watch.hears(Stands::Agent, None, &free, 0), Turn::Take);
        assert_eq!(
            watch.hears_time(Stands::Leads(3), Some(2 * SECOND_US)),
            Turn::GiveBack(3)
        );
        assert_eq!(watch.hears(Stands::Agent, None, &free, 0), Turn::Nothing);
        assert_eq!(watch.hears_time(Stands::Agent, None), Turn::Nothing);
        assert_eq!(watch.hears(Stands::Agent, None, &free, 0), Turn::Take);
    }
}
