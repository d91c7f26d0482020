package dev.fathom.spark;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.nio.ByteBuffer;
import org.apache.spark.SparkEnv;
import scala.reflect.ClassTag$;

/**
 * Objects on their way between driver and executors, always by Java's serialization: what {@code spark.serializer} says
 * holds for what tasks give back, and Kryo reads no records.
 */
final class Sent {
    private Sent() {}

    /**
     * The bytes of an object.
     *
     * @throws IllegalArgumentException if it holds something that is not serializable, which the message names
     */
    static byte[] bytes(Object object) {
        return bytes("Spark: what a task gives back", object);
    }

    private static byte[] bytes(String what, Object object) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (var out = new ObjectOutputStream(bytes)) {
            out.writeObject(object);
        } catch (NotSerializableException e) {
            throw new IllegalArgumentException(
                    what + " cannot be sent, because it holds a " + e.getMessage()
                            + ", which is not serializable; make everything inside of the functions that are given",
                    e);
        } catch (IOException e) {
            throw new IllegalArgumentException(what + " cannot be sent: " + e.getMessage(), e);
        }
        return bytes.toByteArray();
    }

    /** The object of these bytes, of a class that the calling thread can load. */
    static <T> T object(byte[] bytes, Class<T> type) {
        return SparkEnv.get()
                .closureSerializer()
                .newInstance()
                .deserialize(
                        ByteBuffer.wrap(bytes),
                        Thread.currentThread().getContextClassLoader(),
                        ClassTag$.MODULE$.apply(type));
    }

    /**
     * Checks that functions can be sent.
     *
     * @throws IllegalArgumentException if not, which names what is not serializable in them
     */
    static void check(String what, Object... functions) {
        bytes(what, functions);
    }
}
