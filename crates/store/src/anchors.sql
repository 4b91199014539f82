-- Version 5. What a timer's times are counted by: the start of the machine (16 hexadecimal digits of the kernel's boot id), and microseconds
-- from its boot clock to civil time. Timers from before have none, and go by civil time until they are stopped or moved.
ALTER TABLE gate ADD COLUMN boot TEXT;
ALTER TABLE gate ADD COLUMN boot_offset_us INTEGER;
