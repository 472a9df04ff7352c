# cmake -D NM=... -D LIBRARY=... -P: the library gives its users the C interface and nothing else.
execute_process(COMMAND "${NM}" -D --defined-only "${LIBRARY}" OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" symbols "${symbols}")
list(LENGTH symbols count)
list(FILTER symbols EXCLUDE REGEX " T cag_scorer_[a-z_]+$")
if(symbols OR NOT count EQUAL 9)
  message(FATAL_ERROR "expected the 9 functions of cag/score.h, found ${count} symbols; others: ${symbols}")
endif()
