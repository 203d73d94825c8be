# SPDX-License-Identifier: MIT
# For find_package(Timekeeper): the targets Timekeeper::timekeeper and, where those libraries are
# installed, Timekeeper::rte and Timekeeper::ffi. It is found beside this file, wherever the whole was moved to.
get_filename_component(_timekeeper_libdir "${CMAKE_CURRENT_LIST_DIR}/../.." REALPATH)
find_path(Timekeeper_INCLUDE_DIR timekeeper.h NO_DEFAULT_PATH
	HINTS "${_timekeeper_libdir}/../include" "${_timekeeper_libdir}/../../include")

# The target of one library, if it is there.
function(_timekeeper_target target name)
	if(NOT TARGET Timekeeper::${target} AND EXISTS "${_timekeeper_libdir}/lib${name}.so")
		add_library(Timekeeper::${target} SHARED IMPORTED)
		set_target_properties(Timekeeper::${target} PROPERTIES
			IMPORTED_LOCATION "${_timekeeper_libdir}/lib${name}.so"
			INTERFACE_INCLUDE_DIRECTORIES "${Timekeeper_INCLUDE_DIR}"
			INTERFACE_LINK_LIBRARIES "${ARGN}")
	endif()
endfunction()

_timekeeper_target(timekeeper timekeeper)
_timekeeper_target(ffi timekeeper-ffi Timekeeper::timekeeper)
_timekeeper_target(rte timekeeper-rte Timekeeper::timekeeper)
if(NOT TARGET Timekeeper::timekeeper OR NOT Timekeeper_INCLUDE_DIR)
	set(Timekeeper_FOUND FALSE)
	set(Timekeeper_NOT_FOUND_MESSAGE "${_timekeeper_libdir} has no libtimekeeper.so")
endif()
