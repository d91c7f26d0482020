package dev.fathom.plan;

import dev.fathom.io.InputFile;
import dev.fathom.op.Op;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;

/**
 * {@link PlanFile.Contents} as bytes: its leaves one after another, texts and names of enums with their lengths in
 * front.
 */
final class PlanBytes implements Leaves.Source {
    private final String file;
    private final DataInputStream in;

    private PlanBytes(String file, byte[] bytes) {
        this.file = file;
        in = new DataInputStream(new ByteArrayInputStream(bytes));
    }

    /**
     * Writes the contents of a file as bytes.
     *
     * @throws IllegalArgumentException if an op has a part that has no leaves
     */
    static byte[] of(PlanFile.Contents contents) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        try {
            Leaves.take(contents, PlanFile.Contents.class, "", (leaf, type, name) -> put(leaf, out));
        } catch (IOException e) {
            throw new UncheckedIOException(e); // an array takes all
        }
        return bytes.toByteArray();
    }

    private static void put(Object leaf, DataOutputStream out) throws IOException {
        if (leaf instanceof Integer i) {
            out.writeInt(i);
        } else if (leaf instanceof Long l) {
            out.writeLong(l);
        } else if (leaf instanceof Float f) {
            out.writeFloat(f);
        } else if (leaf instanceof Double d) {
            out.writeDouble(d);
        } else if (leaf instanceof Boolean b) {
            out.writeBoolean(b);
        } else {
            byte[] text = (leaf instanceof Enum<?> e ? e.name() : (String) leaf).getBytes(StandardCharsets.UTF_8);
            out.writeInt(text.length);
            out.write(text);
        }
    }

    /**
     * Makes the contents of a file of their bytes.
     *
     * @throws IllegalArgumentException if they are damaged, or name an op or a kernel that is not there
     */
    static PlanFile.Contents read(String file, byte[] bytes) {
        PlanBytes from = new PlanBytes(file, bytes);
        try {
            PlanFile.Contents contents =
                    Objects.requireNonNull((PlanFile.Contents) Leaves.make(PlanFile.Contents.class, from));
            if (from.left() > 0) {
                throw new IOException("there are bytes behind its end");
            }
            return contents;
        } catch (EOFException e) {
            throw PlanFile.damaged(file, "its calls end too early");
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            if (e instanceof IllegalArgumentException refused
                    && String.valueOf(refused.getMessage()).startsWith(file)) {
                throw refused;
            }
            throw PlanFile.damaged(file, "its calls contradict themselves: " + e.getMessage());
        }
    }

    @Override
    public int left() throws IOException {
        return in.available();
    }

    @Override
    public Object next(Class<?> type) throws IOException {
        if (type == int.class) {
            return in.readInt();
        }
        if (type == long.class) {
            return in.readLong();
        }
        if (type == float.class) {
            return in.readFloat();
        }
        if (type == double.class) {
            return in.readDouble();
        }
        if (type == boolean.class) {
            return in.readBoolean();
        }
        int n = in.readInt();
        if (n < 0 || n > in.available()) {
            throw new EOFException();
        }
        String text = new String(in.readNBytes(n), StandardCharsets.UTF_8);
        return type == String.class
                ? text
                : Arrays.stream(type.getEnumConstants())
                        .filter(c -> ((Enum<?>) c).name().equals(text))
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException(file + ": " + type.getSimpleName() + " has no "
                                + InputFile.quoted(text) + " in this version of Fathom; save the plan again with it"));
    }

    /** The class of an op: nothing else is ever made by its name. */
    @Override
    public Class<?> op(String name) {
        ClassLoader users = Thread.currentThread().getContextClassLoader();
        for (ClassLoader loader : new ClassLoader[] {PlanBytes.class.getClassLoader(), users}) {
            try {
                Class<?> type = Class.forName(name, false, loader);
                if (Op.class.isAssignableFrom(type) && (type.isRecord() || type.isEnum())) {
                    return type;
                }
                throw PlanFile.damaged(file, InputFile.quoted(name) + " is no op");
            } catch (ClassNotFoundException | LinkageError e) {
                // the other one may have it
            }
        }
        throw new IllegalArgumentException(file + ": it calls " + InputFile.quoted(name)
                + ", and there is no such class; put it on the class path, or save the plan again with this version of"
                + " Fathom");
    }
}
