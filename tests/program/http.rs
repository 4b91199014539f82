//! HTTP as clients see it: the real binary, real sockets, several processes at once.

mod acknowledge;
mod across;
mod comments;
mod console;
mod context;
mod documented;
mod doors;
mod dry_run;
pub mod examples;
mod lagging;
mod leaving;
mod limits;
mod live;
mod moved;
mod old;
mod openapi;
mod races;
mod reading;
mod recall;
mod refusals;
mod routes;
mod secrets;
pub mod shapes;
mod timers;
mod webhooks;
mod webhooks_tls;
mod withdraw;
