-- The books of the partner: what was ordered, debited, told and given back, and what is to go wrong with it.

CREATE TABLE orders (
    reference TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, protocol TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0), currency TEXT NOT NULL, note TEXT NOT NULL,
    opened TEXT NOT NULL, expires TEXT NOT NULL,
    created TEXT NOT NULL DEFAULT '',       -- VNPAY: vnp_CreateDate, by which an order is asked for again
    return_url TEXT NOT NULL DEFAULT '',    -- VNPAY: where the payer's browser goes afterwards
    state TEXT NOT NULL DEFAULT 'created',  -- then succeeded or failed
    transaction_id TEXT NOT NULL DEFAULT '', debited INTEGER NOT NULL DEFAULT 0, paid TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX order_of_transaction ON orders (transaction_id) WHERE transaction_id <> '';
CREATE INDEX order_to_pay ON orders (state) WHERE state = 'created';

-- A debit that will come later than it should: the payer has pressed, the bank is slow.
CREATE TABLE promises (reference TEXT PRIMARY KEY REFERENCES orders, due REAL NOT NULL);

CREATE TABLE callbacks (
    number INTEGER PRIMARY KEY, reference TEXT NOT NULL REFERENCES orders,
    says TEXT NOT NULL,                     -- success or failure
    amount INTEGER NOT NULL,                -- the amount that it tells, right or wrong
    due REAL NOT NULL, follows INTEGER REFERENCES callbacks,
    spoilt INTEGER NOT NULL DEFAULT 0,      -- so many first attempts are wrongly signed
    gives_up INTEGER,                       -- after so many attempts nobody tries again
    attempts INTEGER NOT NULL DEFAULT 0, acknowledged TEXT, answer TEXT NOT NULL DEFAULT ''
);
CREATE INDEX callback_owed ON callbacks (number) WHERE acknowledged IS NULL;
CREATE INDEX callback_of_order ON callbacks (reference);

-- Every asking is a row; a refused one may be asked again.
CREATE TABLE refunds (
    number INTEGER PRIMARY KEY, refund TEXT NOT NULL, transaction_id TEXT NOT NULL, amount INTEGER NOT NULL,
    own_id TEXT NOT NULL,                   -- the number that the refund has as a transaction of its own
    asked TEXT NOT NULL, due REAL NOT NULL, -- until then it is in progress
    outcome TEXT NOT NULL                   -- done or refused
);
CREATE INDEX refund_of_transaction ON refunds (transaction_id);
CREATE INDEX refund_by_reference ON refunds (refund);

CREATE TABLE bills (number INTEGER PRIMARY KEY AUTOINCREMENT, reference TEXT NOT NULL UNIQUE REFERENCES orders);
CREATE TABLE numbers (number INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE requests (day TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (day, id));

-- What goes wrong: the faults of each order, drawn or chosen, and how often one of them has struck.
CREATE TABLE faults (reference TEXT PRIMARY KEY, faults TEXT NOT NULL);
CREATE TABLE slips (reference TEXT NOT NULL, point TEXT NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (reference, point));
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);

PRAGMA user_version = 1;
