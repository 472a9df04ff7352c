# Generated images, adaptation, predictions, from nothing each time:
# cmake -D BLOCKS=.. -D PROGRAM=.. -D CONFIG=.. -D FOLDER=.. -P demo.cmake
function(say)
  execute_process(COMMAND "${CMAKE_COMMAND}" -E echo "${ARGV0}")
endfunction()
function(run)
  say("")
  execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT OUTPUT_VARIABLE output ECHO_OUTPUT_VARIABLE
    COMMAND_ERROR_IS_FATAL ANY)
  set(output "${output}" PARENT_SCOPE)
endfunction()

# Threads that wait by spinning take ten times as long where the machine does other work as well.
set(ENV{OMP_WAIT_POLICY} PASSIVE)
file(REMOVE_RECURSE "${FOLDER}")
set(target "${FOLDER}/data/cityscapes")
run("${BLOCKS}" --out "${FOLDER}/data")
run("${PROGRAM}" adapt --config "${CONFIG}" --source "${FOLDER}/data/gta5" --target "${target}"
  --seed 1 --out "${FOLDER}/run")
string(REGEX MATCH "stage +source .*\nresults: [^\n]*" summary "${output}")
file(GLOB networks LIST_DIRECTORIES true "${FOLDER}/run/networks/stage-*")
list(SORT networks COMPARE NATURAL)
list(POP_BACK networks last)
run("${PROGRAM}" predict --network "${last}" --images "${target}/leftImg8bit/val" --statistics
  "${target}/leftImg8bit/train" --out "${FOLDER}/pictures")

say("
mIoU in %, from the warm-up on source images alone to the last stage; +bn: batch-norm statistics of
the domain's own images.

${summary}
pictures: ${FOLDER}/pictures/overlay

Next, your own images in the folder layouts of GTA5 and Cityscapes:
  ${PROGRAM} adapt --config ${CONFIG} --source GTA5 --target CITYSCAPES --out RUN")
