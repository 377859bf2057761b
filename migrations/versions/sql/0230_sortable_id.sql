-- As payments.kernel.ids.sortable_id: a UUIDv7 stays as it is, of another id and a time one is made. Bytes 6 and 7 give ten
-- bits and the variant two; where the variant was stands that of a UUIDv7. One expression, which PostgreSQL can inline.
CREATE OR REPLACE FUNCTION sortable_id(id uuid, moment timestamptz) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE
       WHEN get_byte(uuid_send(id), 6) >> 4 = 7 AND get_byte(uuid_send(id), 8) >> 6 = 2 THEN id
       ELSE CAST(encode(
            substring(int8send(floor(extract(epoch FROM moment) * 1000)::bigint) FROM 3)
            || set_byte(set_byte(set_byte(
                   substring(uuid_send(id) FROM 7),
                   0, 112 | ((get_byte(uuid_send(id), 6) & 3) << 2) | (get_byte(uuid_send(id), 7) >> 6)),
                   1, ((get_byte(uuid_send(id), 7) & 63) << 2) | (get_byte(uuid_send(id), 8) >> 6)),
                   2, (get_byte(uuid_send(id), 8) & 63) | 128),
            'hex') AS uuid)
       END
$$
