# cmake --install build/release --prefix /usr/local
include(GNUInstallDirs)

foreach(program kol kol-decode kol-convert-model)
    if(TARGET ${program})
        install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
endforeach()
install(FILES packaging/kol.service packaging/Caddyfile packaging/nginx.conf
        DESTINATION ${CMAKE_INSTALL_DATADIR}/kol)

find_program(KOL_SCDOC scdoc)
if(KOL_SCDOC)
    add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/kol.1
        COMMAND sh -c "\"$1\" <\"$2\" >\"$3\"" sh ${KOL_SCDOC} ${CMAKE_SOURCE_DIR}/packaging/kol.1.scd
                ${CMAKE_BINARY_DIR}/kol.1
        DEPENDS packaging/kol.1.scd VERBATIM)
    add_custom_target(man ALL DEPENDS ${CMAKE_BINARY_DIR}/kol.1)
    install(FILES ${CMAKE_BINARY_DIR}/kol.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
