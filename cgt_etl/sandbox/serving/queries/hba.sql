-- sqlfluff:dialect:postgres
-- Rules of pg_hba.conf by which the role of a partner ($1) could come in otherwise than by its password (SCRAM), its certificate or
-- its operating system's word, or from elsewhere without TLS.
with ruled as (
    select
        rule.line_number,
        rule.auth_method in ('scram-sha-256', 'cert', 'peer') as is_proof,
        rule.type in ('local', 'hostssl') or coalesce(
            rule.address = 'localhost'
            or (starts_with(rule.address, '127.') and starts_with(rule.netmask, '255.'))
            or (rule.address = '::1' and rule.netmask = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'),
            false
        ) as is_private
    from pg_catalog.pg_hba_file_rules as rule
    where
        rule.error is null
        and rule.auth_method <> 'reject'
        and exists (
            select 1 from unnest(rule.user_name) as one (name)
            where one.name in ('all', $1) or left(one.name, 1) in ('+', '/')
        )
        and exists (
            select 1 from unnest(rule.database) as one (name)
            where one.name in ('all', 'sameuser', 'samerole', 'samegroup', $1) or left(one.name, 1) = '/'
        )
)

select line_number from ruled
where not is_proof or not is_private
order by line_number
