#[[
Debian packages of another architecture, unpacked into a folder. apt works on lists of its own there: neither the system's
packages nor what it knows of architectures changes, and it takes no root.
]]

# Unpacks the development package `name` and its library to `target`, which is either absent or whole.
function(cag_unpack_foreign architecture name target)
  string(REGEX REPLACE "-dev$" "" library "${name}")
  string(RANDOM LENGTH 8 suffix)
  set(work "${target}.partial-${suffix}")
  file(MAKE_DIRECTORY "${work}/lists/partial" "${work}/cache/archives/partial" "${work}/root")
  set(options
    -o APT::Architecture=${architecture} -o APT::Architectures=${architecture} -o APT::Sandbox::User=root
    -o Dir::State::lists=${work}/lists -o Dir::State::status=/dev/null -o Dir::Cache=${work}/cache)
  message(STATUS "Unpacking Debian's ${name} for ${architecture} to ${target}")
  execute_process(COMMAND apt-get ${options} update -qq RESULT_VARIABLE failed)
  if(NOT failed)
    # The library's package has its version in its name.
    execute_process(COMMAND apt-cache ${options} depends ${name} OUTPUT_VARIABLE depends RESULT_VARIABLE failed)
    string(REGEX MATCHALL "${library}[0-9][a-z0-9]*" packages "${depends}")
    list(REMOVE_DUPLICATES packages)
  endif()
  if(NOT failed)
    execute_process(COMMAND apt-get ${options} download -qq ${name} ${packages}
      WORKING_DIRECTORY "${work}" RESULT_VARIABLE failed)
  endif()
  file(GLOB archives "${work}/*.deb")
  foreach(archive IN LISTS archives)
    if(NOT failed)
      execute_process(COMMAND dpkg-deb -x "${archive}" "${work}/root" RESULT_VARIABLE failed)
    endif()
  endforeach()
  if(NOT failed AND archives)
    file(RENAME "${work}/root" "${target}")
  endif()
  file(REMOVE_RECURSE "${work}")
  if(NOT EXISTS "${target}")
    message(FATAL_ERROR "Debian's ${name} for ${architecture} could not be had (${failed}); apt-get's own message is above. "
      "Where it lies elsewhere, name the folder that holds its include/ and lib/:\n"
      "  cmake -D CMAKE_PREFIX_PATH=/path/to/it ...")
  endif()
endfunction()
