package dev.fathom.labs.pages;

import dev.fathom.kernel.NativeException;
import dev.fathom.kernel.NativeRuntime;

/** What a figure was measured on. */
public final class Machine {
    private Machine() {}

    /** Java, system and kernels, in one line. */
    public static String line() {
        String java = System.getProperty("java.vm.name") + " " + System.getProperty("java.version") + ", "
                + System.getProperty("os.name") + " " + System.getProperty("os.arch") + ", ";
        try {
            NativeRuntime runtime = NativeRuntime.get();
            return java + runtime.isa() + " kernels, " + runtime.threads()
                    + (runtime.threads() == 1 ? " thread" : " threads");
        } catch (NativeException e) {
            return java + e.getMessage();
        }
    }
}
