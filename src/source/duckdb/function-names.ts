/**
 * DuckDB's functions, by their names in lower case, as `duckdb_functions()` of the version that is a dependency has
 * them, with the macros that call them. To ask it takes longer than all else that a plan asks DuckDB; a test holds
 * the lists to its answer.
 */
export const FUNCTION_NAMES: {
  readonly aggregates: ReadonlySet<string>;
  /** Those that may give another result for the same row in another shard, or at another time. */
  readonly unstable: ReadonlySet<string>;
} = {
  aggregates: namesIn(`
    any_value approx_count_distinct approx_quantile approx_top_k arbitrary arg_max arg_max_null
    arg_max_nulls_last arg_min arg_min_null arg_min_nulls_last argmax argmin array_agg avg bit_and bit_or
    bit_xor bitstring_agg bool_and bool_or corr count count_if count_star countif covar_pop covar_samp
    cume_dist dense_rank entropy favg fill first first_value fsum geomean geometric_mean group_concat histogram histogram_exact
    json_group_array json_group_object json_group_structure kahan_sum kurtosis kurtosis_pop lag last last_value lead list listagg mad max max_by mean median min
    min_by mode nth_value ntile percent_rank product quantile quantile_cont quantile_disc rank rank_dense
    regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy
    reservoir_quantile row_number sem skewness stddev stddev_pop stddev_samp string_agg sum sum_no_overflow
    sumkahan var_pop var_samp variance
    wavg weighted_avg
  `),
  unstable: namesIn(`
    ago current_connection_id current_date current_query current_query_id current_time current_timestamp
    current_transaction_id currval gen_random_uuid get_current_time get_current_timestamp localtime
    localtimestamp nextval now pg_conf_load_time pg_postmaster_start_time random setseed stats today
    transaction_timestamp txid_current uuid uuidv4 uuidv7
  `),
};

function namesIn(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
