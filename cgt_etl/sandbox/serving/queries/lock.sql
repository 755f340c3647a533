-- sqlfluff:dialect:postgres
-- Takes away from everybody but superusers, in the database in which it is run, whatever tells of the server, of other databases and roles,
-- or leaves something behind. A function of the server stays where it can depend on its arguments alone (immutable), where an operator or a
-- cast calls it, or where it is named here; one that a later PostgreSQL brings is therefore gone until somebody names it.
do $$
declare
    named constant text[] := array[
        -- the clock, and zones
        'clock_timestamp', 'now', 'statement_timestamp', 'transaction_timestamp', 'date_add', 'date_part', 'date_subtract', 'date_trunc',
        'extract', 'generate_series', 'in_range', 'make_timestamptz', 'overlaps', 'timezone', 'to_char', 'to_date', 'to_number',
        'to_timestamp',
        -- texts, and chance
        'array_to_string', 'concat', 'concat_ws', 'convert', 'convert_from', 'convert_to', 'format', 'quote_literal', 'quote_nullable',
        'random', 'setseed',
        -- JSON
        'array_to_json', 'json_agg', 'json_agg_strict', 'json_build_array', 'json_build_object', 'json_object_agg',
        'json_object_agg_strict', 'json_object_agg_unique', 'json_populate_record', 'json_populate_recordset', 'json_to_record',
        'json_to_recordset', 'jsonb_agg', 'jsonb_agg_strict', 'jsonb_build_array', 'jsonb_build_object', 'jsonb_path_exists_tz',
        'jsonb_path_match_tz', 'jsonb_path_query_array_tz', 'jsonb_path_query_first_tz', 'jsonb_path_query_tz', 'jsonb_populate_record',
        'jsonb_populate_recordset', 'jsonb_to_record', 'jsonb_to_recordset', 'row_to_json', 'to_json', 'to_jsonb',
        -- the session
        'current_database', 'current_query', 'current_schema', 'current_schemas', 'current_setting', 'current_user', 'getdatabaseencoding',
        'pg_client_encoding', 'pg_is_in_recovery', 'session_user', 'version',
        -- the tables of this database, as clients and information_schema list and describe them
        '_pg_index_position', 'aclexplode', 'col_description', 'format_type', 'has_any_column_privilege', 'has_column_privilege',
        'has_foreign_data_wrapper_privilege', 'has_function_privilege', 'has_schema_privilege', 'has_sequence_privilege',
        'has_server_privilege', 'has_table_privilege', 'has_type_privilege', 'obj_description', 'pg_char_to_encoding',
        'pg_collation_is_visible', 'pg_column_is_updatable', 'pg_column_size', 'pg_encoding_to_char', 'pg_function_is_visible',
        'pg_get_constraintdef', 'pg_get_expr', 'pg_get_function_arguments', 'pg_get_function_result', 'pg_get_indexdef',
        'pg_get_partkeydef', 'pg_get_statisticsobjdef_columns', 'pg_get_triggerdef', 'pg_get_userbyid', 'pg_get_viewdef', 'pg_has_role',
        'pg_is_other_temp_schema', 'pg_my_temp_schema', 'pg_opclass_is_visible', 'pg_options_to_table', 'pg_relation_is_publishable',
        'pg_relation_is_updatable', 'pg_relation_size', 'pg_table_is_visible', 'pg_table_size', 'pg_total_relation_size',
        'pg_type_is_visible', 'to_regclass', 'to_regtype'
    ];
    views constant text[] := array['pg_indexes', 'pg_matviews', 'pg_tables', 'pg_views'];
    taken text;
begin
    select string_agg(format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), ', ') into taken
    from pg_proc as p
    inner join pg_namespace as n on p.pronamespace = n.oid
    where
        n.nspname in ('pg_catalog', 'information_schema')
        and p.provolatile <> 'i'
        and not p.proname = any (named)
        and not exists (select 1 from pg_operator where oprcode = p.oid)
        and not exists (select 1 from pg_cast where castfunc = p.oid);
    execute 'revoke all on routine ' || taken || ' from public';

    select string_agg(format('pg_catalog.%I', relname), ', ') into taken
    from pg_class
    where
        relnamespace = 'pg_catalog'::regnamespace
        and ((relkind = 'r' and relisshared) or (relkind = 'v' and not relname = any (views)));
    execute 'revoke all on ' || taken || ' from public';
    -- names of roles and databases, which information_schema and clients ask for: `oid::regrole` tells them and cannot be taken away
    grant select (oid, rolname) on pg_roles to public;
    grant select (datname, datistemplate, datallowconn, encoding) on pg_database to public;
end
$$;

-- With its language there are neither blocks nor procedures.
drop extension plpgsql;
drop schema public cascade;
