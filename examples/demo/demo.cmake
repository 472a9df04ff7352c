# Two rendered domains, adaptation, pictures; what a run before left is made anew, but for equal images:
# cmake -D STREETS=.. -D PROGRAM=.. -D CONFIG=.. -D FOLDER=.. [-D SEED=1] [-D IMAGES=300] [-D MORE=<of streets>]
#   -P demo.cmake
function(say)
  execute_process(COMMAND "${CMAKE_COMMAND}" -E echo "${ARGV0}")
endfunction()
function(run)
  say("")
  execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT OUTPUT_VARIABLE output ECHO_OUTPUT_VARIABLE
    COMMAND_ERROR_IS_FATAL ANY)
  set(output "${output}" PARENT_SCOPE)
endfunction()

# Draws into `folder`, in place of another data set that an earlier version or other options drew there.
function(draw folder)
  set(command "${STREETS}" ${ARGN} ${MORE} --out "${folder}")
  say("")
  execute_process(COMMAND ${command} COMMAND_ECHO STDOUT RESULT_VARIABLE code ERROR_VARIABLE error)
  if(code EQUAL 2 AND error MATCHES "found another data set")
    say("${folder} holds other pictures: drawn anew")
    file(REMOVE_RECURSE "${folder}")
    run(${command})
  elseif(NOT code EQUAL 0)
    message(FATAL_ERROR "${error}")
  endif()
endfunction()

if(NOT DEFINED SEED)
  set(SEED 1)
endif()
if(NOT DEFINED IMAGES)
  set(IMAGES 300)
endif()
math(EXPR half "${IMAGES} / 2")
math(EXPR quarter "${IMAGES} / 4")
# Threads that wait by spinning are slow where the machine does other work as well.
set(ENV{OMP_WAIT_POLICY} PASSIVE)
set(source "${FOLDER}/data/gta5")
set(target "${FOLDER}/data/cityscapes")
draw("${source}" --style simulator --layout gta5 --images ${IMAGES})
draw("${target}" --style evening --layout cityscapes --images ${half} --validation ${quarter})
file(REMOVE_RECURSE "${FOLDER}/run" "${FOLDER}/pictures")
run("${PROGRAM}" adapt --config "${CONFIG}" --source "${source}" --target "${target}" --seed ${SEED}
  --out "${FOLDER}/run")
string(REGEX MATCH "stage +source .*\nresults: [^\n]*" summary "${output}")
run("${PROGRAM}" figure --run "${FOLDER}/run" --out "${FOLDER}/figure.png")
file(GLOB networks LIST_DIRECTORIES true "${FOLDER}/run/networks/stage-*")
list(SORT networks COMPARE NATURAL)
list(POP_BACK networks last)
run("${PROGRAM}" predict --network "${last}" --images "${target}/leftImg8bit/val" --statistics
  "${target}/leftImg8bit/train" --out "${FOLDER}/pictures")

say("
mIoU in %, from the warm-up on source images alone to the last stage; +bn: batch-norm statistics of
the domain's own images. Compare target with target, and +bn with +bn. Coverage and precision (%) are
of the pseudo-labels that the network would give, intra and inter distances to anchors.

${summary}
figure:   ${FOLDER}/figure.png   (target image, labels before, pseudo-labels, labels after, all +bn; source)
pictures: ${FOLDER}/pictures/overlay

Next, your own images in the folder layouts of GTA5 and Cityscapes:
  ${PROGRAM} check-data --config ${CONFIG} --source GTA5 --target CITYSCAPES
  ${PROGRAM} adapt --config ${CONFIG} --source GTA5 --target CITYSCAPES --out RUN")
