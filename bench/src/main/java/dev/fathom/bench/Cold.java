package dev.fathom.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** The stopwatch of the cold start: a process of its own per try, timed by the JVM's own record of its start. */
public final class Cold {
    private Cold() {}

    /** The image asked about; cheap to make, so that making it is not what is measured. */
    public static float[] pixels() {
        return pixels(Work.MLP[0]);
    }

    /** An image of so many numbers. */
    public static float[] pixels(int n) {
        float[] pixels = new float[n];
        for (int i = 0; i < n; i++) {
            pixels[i] = i % 17 / 17f;
        }
        return pixels;
    }

    /** Stops the clock, prints the milliseconds, then checks the answer against the network in double precision. */
    public static void answered(float[] logits) {
        long now = System.currentTimeMillis();
        Work.checkMlp(pixels(), logits, 1e-4);
        print(now);
    }

    /** Stops the clock, prints the milliseconds, then checks a vector against that in a file of floats. */
    public static void answered(float[] vector, Path expected) throws IOException {
        long now = System.currentTimeMillis();
        FloatBuffer numbers = ByteBuffer.wrap(Files.readAllBytes(expected)).asFloatBuffer();
        for (int i = 0; i < numbers.capacity(); i++) {
            Work.check("number " + i, vector[i], numbers.get(i), 1e-4);
        }
        print(now);
    }

    /** Writes a vector to a file of floats. */
    static void keep(float[] vector, Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(4 * vector.length);
        bytes.asFloatBuffer().put(vector);
        Files.write(file, bytes.array());
    }

    private static void print(long now) {
        System.out.println(Server.MARK
                + "ok "
                + (now - ManagementFactory.getRuntimeMXBean().getStartTime()));
    }
}
