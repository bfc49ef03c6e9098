-- Whoever keeps a row of the inbox hands it to the engine at once; the relay looks for what is left, and needs no bell.

DROP TRIGGER inbox_is_announced ON inbox;
DROP FUNCTION announce_inbox();
