package dev.fathom.experiments.training;

import dev.fathom.train.Callback;
import dev.fathom.train.Run;
import java.io.PrintStream;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;

/**
 * Ctrl-C (and SIGTERM) as a wish: training ends after the step under way, what is finished is written, and only then
 * does the JVM go. A second Ctrl-C ends it at once.
 *
 * <p>A shutdown hook waits for {@link #close}; meanwhile nothing is freed, so no kernel loses its memory. The exit code
 * stays the JVM's: 130 for Ctrl-C, 143 for SIGTERM.
 */
public final class Interrupt implements AutoCloseable {
    /** The exit code of what was stopped. */
    public static final int CODE = 130;

    private final CountDownLatch finished = new CountDownLatch(1);
    private final PrintStream err;
    private final Thread hook = new Thread(this::shutdown, "fathom-interrupt");
    private volatile boolean requested;

    private Interrupt(PrintStream err) {
        this.err = err;
    }

    /** From here to {@link #close}, Ctrl-C is a wish. */
    public static Interrupt install(PrintStream err) {
        Interrupt interrupt = new Interrupt(err);
        Runtime.getRuntime().addShutdownHook(interrupt.hook);
        return interrupt;
    }

    /** Whether to come to an end. */
    public boolean requested() {
        return requested;
    }

    /** Asks to come to an end, as Ctrl-C does. */
    public void request() {
        requested = true;
    }

    /** Stops a training after the step in which the wish came. */
    public Callback stopping() {
        return new Callback() {
            @Override
            public void onStepEnd(Run run) {
                if (requested) {
                    run.stopNow("interrupted");
                }
            }
        };
    }

    private void shutdown() {
        requested = true;
        onSecond();
        err.println();
        err.println("fathom: stopping after this step and writing what is finished; Ctrl-C again ends at once");
        try {
            finished.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Signals have no supported class; where this one is missing, a second Ctrl-C waits like the first. */
    private static void onSecond() {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            InvocationHandler halt = (proxy, method, args) -> {
                if (method.getName().equals("handle")) {
                    Runtime.getRuntime().halt(CODE);
                }
                return null;
            };
            signal.getMethod("handle", signal, handler)
                    .invoke(
                            null,
                            signal.getConstructor(String.class).newInstance("INT"),
                            Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, halt));
        } catch (ReflectiveOperationException e) {
            return;
        }
    }

    /** Everything is written: lets a shutdown go on. */
    @Override
    public void close() {
        finished.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return; // the shutdown is under way, and goes on now
        }
    }
}
