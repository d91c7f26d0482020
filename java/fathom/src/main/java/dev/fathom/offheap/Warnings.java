package dev.fathom.offheap;

import java.util.ServiceLoader;
import org.slf4j.LoggerFactory;
import org.slf4j.helpers.NOPLoggerFactory;
import org.slf4j.spi.SLF4JServiceProvider;

/**
 * Where the library's warnings go: to SLF4J, or to {@link System.Logger} in a program without a provider of SLF4J, so
 * that they are seen there too.
 */
public final class Warnings {
    private Warnings() {}

    /**
     * Logs a warning. A provider is looked for now, so that a process that is not warned does not pay for the start of
     * a logging library.
     */
    public static void warn(String logger, String text) {
        if (Slf4j.PROVIDED) {
            LoggerFactory.getLogger(logger).warn(text);
        } else {
            System.getLogger(logger).log(System.Logger.Level.WARNING, text);
        }
    }

    private static final class Slf4j {
        /**
         * A program that has chosen the provider which is silent wants silence; only where there is none at all would
         * nobody know.
         */
        static final boolean PROVIDED = !(LoggerFactory.getILoggerFactory() instanceof NOPLoggerFactory)
                || ServiceLoader.load(SLF4JServiceProvider.class, LoggerFactory.class.getClassLoader())
                        .findFirst()
                        .isPresent();
    }
}
