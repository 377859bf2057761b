-- Makes house accounts the first time a batch needs them; another consumer may be making the same ones.
INSERT INTO accounts (id, code, currency, book, guard)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::smallint[])
    ON CONFLICT (id) DO NOTHING
