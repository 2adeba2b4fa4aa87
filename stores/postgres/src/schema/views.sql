-- Views for people and reports. Programs use the library: the fields of a body may change.
-- A range of keys ends at '0', the character after '/'. OFFSET 0 has each body parsed once, not
-- once for each column.

CREATE OR REPLACE VIEW {schema}.connector_groups AS SELECT
    it.body ->> 'id' AS id,
    it.body ->> 'name' AS name,
    timestamptz 'epoch' + interval '1 millisecond' * (it.body ->> 'created_at')::bigint AS created_at,
    (SELECT users.used FROM {schema}.records AS users
        WHERE users.key = convert_to('group-users/' || (it.body ->> 'id'), 'UTF8')) AS keys
FROM (
    SELECT convert_from(body, 'UTF8')::jsonb AS body FROM {schema}.records
    WHERE key >= 'group/'::bytea AND key < 'group0'::bytea OFFSET 0
) AS it;

CREATE OR REPLACE VIEW {schema}.enrollment_certificates AS SELECT
    it.body ->> 'id' AS id,
    it.body ->> 'name' AS name,
    timestamptz 'epoch' + interval '1 millisecond' * (it.body ->> 'created_at')::bigint AS created_at,
    (it.body ->> 'leaf_validity_seconds')::bigint AS leaf_validity_seconds,
    it.body ->> 'certificate' AS certificate_base64,
    (SELECT users.used FROM {schema}.records AS users
        WHERE users.key = convert_to('certificate-users/' || (it.body ->> 'id'), 'UTF8')) AS keys
FROM (
    SELECT convert_from(body, 'UTF8')::jsonb AS body FROM {schema}.records
    WHERE key >= 'certificate/'::bytea AND key < 'certificate0'::bytea OFFSET 0
) AS it;

CREATE OR REPLACE VIEW {schema}.enrollments AS SELECT
    it.body ->> 'connector' AS connector,
    it.body ->> 'key' AS key,
    it.body ->> 'group' AS group_id,
    (SELECT convert_from(named.body, 'UTF8')::jsonb ->> 'name' FROM {schema}.records AS named
        WHERE named.key = convert_to('group/' || (it.body ->> 'group'), 'UTF8')) AS group_name,
    it.body ->> 'certificate' AS certificate_id,
    (SELECT convert_from(named.body, 'UTF8')::jsonb ->> 'name' FROM {schema}.records AS named
        WHERE named.key = convert_to('certificate/' || (it.body ->> 'certificate'), 'UTF8')) AS certificate_name,
    timestamptz 'epoch' + interval '1 millisecond' * (it.body ->> 'enrolled_at')::bigint AS enrolled_at,
    it.body ->> 'address' AS address,
    it.body ->> 'fingerprint' AS fingerprint,
    it.body ->> 'serial' AS serial,
    timestamptz 'epoch' + interval '1 millisecond' * (it.body ->> 'not_before')::bigint AS not_before,
    timestamptz 'epoch' + interval '1 millisecond' * (it.body ->> 'not_after')::bigint AS not_after,
    timestamptz 'epoch' + interval '1 millisecond' * (it.body ->> 'revoked_at')::bigint AS revoked_at,
    coalesce((SELECT (convert_from(replays.body, 'UTF8')::jsonb ->> 'count')::bigint FROM {schema}.records AS replays
        WHERE replays.key = convert_to('replays/' || (it.body ->> 'connector'), 'UTF8')), 0) AS replays
FROM (
    SELECT convert_from(body, 'UTF8')::jsonb AS body FROM {schema}.records
    WHERE key >= 'enrollment/'::bytea AND key < 'enrollment0'::bytea OFFSET 0
) AS it
-- The records without this field are public keys that a connector renewed with.
WHERE it.body ? 'connector';

CREATE OR REPLACE VIEW {schema}.audit AS SELECT
    timestamptz 'epoch' + interval '1 millisecond' * (it.body ->> 'at')::bigint AS at,
    it.body ->> 'action' AS action,
    it.body ->> 'actor' AS actor,
    it.body ->> 'key' AS key,
    it.body ->> 'group' AS group_id,
    it.body ->> 'certificate' AS certificate_id,
    it.body ->> 'connector' AS connector,
    it.body ->> 'address' AS address,
    it.body ->> 'code' AS code,
    (it.body ->> 'count')::bigint AS count,
    it.body -> 'details' AS details,
    it.body ->> 'admin_token' AS admin_token,
    timestamptz 'epoch' + interval '1 millisecond' * (it.body ->> 'last_at')::bigint AS last_at
FROM (
    SELECT convert_from(body, 'UTF8')::jsonb AS body FROM {schema}.records
    WHERE key >= 'audit/'::bytea AND key < 'audit0'::bytea OFFSET 0
) AS it;

CREATE OR REPLACE VIEW {schema}.provisioning_keys AS SELECT
    it.body ->> 'id' AS id,
    it.body ->> 'name' AS name,
    it.body ->> 'host' AS host,
    it.body ->> 'group' AS group_id,
    (SELECT convert_from(named.body, 'UTF8')::jsonb ->> 'name' FROM {schema}.records AS named
        WHERE named.key = convert_to('group/' || (it.body ->> 'group'), 'UTF8')) AS group_name,
    it.body ->> 'certificate' AS certificate_id,
    (SELECT convert_from(named.body, 'UTF8')::jsonb ->> 'name' FROM {schema}.records AS named
        WHERE named.key = convert_to('certificate/' || (it.body ->> 'certificate'), 'UTF8')) AS certificate_name,
    timestamptz 'epoch' + interval '1 millisecond' * (it.body ->> 'created_at')::bigint AS created_at,
    uses.used_max AS max_uses,
    uses.used AS used,
    timestamptz 'epoch' + interval '1 millisecond' * uses.last_at_ms AS last_used_at,
    (it.body ->> 'enabled')::boolean AS enabled,
    (it.body ->> 'proof_only')::boolean AS proof_only,
    timestamptz 'epoch' + interval '1 millisecond' * (it.body ->> 'expires_at')::bigint AS expires_at,
    it.body -> 'allowed_addresses' AS allowed_addresses,
    CASE
        WHEN it.body ->> 'compromised_at' IS NOT NULL THEN 'compromised'
        WHEN NOT (it.body ->> 'enabled')::boolean THEN 'disabled'
        WHEN timestamptz 'epoch' + interval '1 millisecond' * (it.body ->> 'expires_at')::bigint <= now() THEN 'expired'
        WHEN uses.used >= uses.used_max THEN 'exhausted'
        ELSE 'usable'
    END AS state,
    timestamptz 'epoch' + interval '1 millisecond' * (it.body ->> 'compromised_at')::bigint AS compromised_at
FROM (
    SELECT convert_from(body, 'UTF8')::jsonb AS body FROM {schema}.records
    WHERE key >= 'key/'::bytea AND key < 'key0'::bytea OFFSET 0
) AS it
LEFT JOIN {schema}.records AS uses ON uses.key = convert_to('key-uses/' || (it.body ->> 'id'), 'UTF8');
