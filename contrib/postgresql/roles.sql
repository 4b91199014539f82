-- Two roles for holdpoint's database: one that owns the tables, and one that works with them and can neither change nor delete what is
-- recorded. As a superuser, in the database (its encoding must be UTF8):
--
--   psql -d holdpoint -v owner="'…'" -v worker="'…'" -f roles.sql        (two passwords)
--   HOLDPOINT_STORE=postgres://holdpoint_owner@…/holdpoint holdpoint gate list     (makes the tables, once and after each upgrade)
--   psql -d holdpoint -f grants.sql                                                (once and after each upgrade)
--
-- From then on everybody uses postgres://holdpoint@…/holdpoint. Whoever owns the tables, or is a superuser, can still forge: the chain of
-- hashes and the files in the runs directory are what `holdpoint decisions verify` holds against that.
CREATE ROLE holdpoint_owner LOGIN PASSWORD :owner;
CREATE ROLE holdpoint LOGIN PASSWORD :worker;
GRANT CREATE, USAGE ON SCHEMA public TO holdpoint_owner;
GRANT USAGE ON SCHEMA public TO holdpoint;
