package dev.fathom.plan;

import dev.fathom.io.InputFile;
import dev.fathom.kernel.Kernel;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
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
            PlanFile.Contents contents = from.part(PlanFile.Contents.class);
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

    /** A record, a text or numbers that must be there. */
    private <T> T part(Class<T> type) throws IOException {
        there();
        return type.cast(made(type));
    }

    /**
     * Makes a part of its components in their order, as Leaves could too, but by reflection: for that a JVM makes
     * classes at run time, which takes most of the time to a first answer.
     */
    private Object made(Class<?> type) throws IOException {
        return switch (type.getSimpleName()) {
            case "String" -> characters();
            case "int[]" -> integers();
            case "Contents" -> new PlanFile.Contents(list(PlanFile.Entry.class), list(PlanFile.Text.class));
            case "Entry" -> new PlanFile.Entry(string(), part(PlanData.class));
            case "Text" -> new PlanFile.Text(string(), string());
            case "PlanData" ->
                new PlanData(
                        list(PlanData.Input.class),
                        part(Range.class),
                        part(Range.class),
                        part(Sizes.class),
                        list(PlanData.Value.class),
                        part(int[].class),
                        list(PlanData.Node.class),
                        part(int[].class),
                        list(String.class),
                        part(int[].class),
                        part(int[].class),
                        list(PlanData.Weight.class),
                        in.readInt(),
                        string());
            case "Input" ->
                new PlanData.Input(string(), one(DType.values()), part(int[].class), one(Spec.Begins.values()));
            case "Range" -> new Range(in.readInt(), in.readInt(), in.readInt(), in.readBoolean(), string(), string());
            case "Sizes" -> new Sizes(in.readInt(), in.readInt());
            case "Value" ->
                new PlanData.Value(
                        one(CallGraph.Kind.values()), Shape.of(part(int[].class)), one(DType.values()), string());
            case "Node" ->
                new PlanData.Node(
                        string(), string(), part(int[].class), part(int[].class), op(), list(Fitted.Growing.class));
            case "Growing" -> new Fitted.Growing(in.readInt(), part(Line.class), part(Line.class));
            case "Line" -> new Line(in.readLong(), in.readLong(), in.readLong(), in.readInt(), in.readInt());
            case "Weight" -> new PlanData.Weight(part(Slot.Content.class), in.readLong());
            case "Content" ->
                new Slot.Content(
                        in.readInt(), in.readBoolean() ? named(Kernel.values()) : null, in.readLong(), in.readLong());
            default -> throw new IllegalArgumentException("there is no place for a " + type.getName());
        };
    }

    private <T> List<T> list(Class<T> type) throws IOException {
        there();
        List<T> all = new ArrayList<>();
        for (int n = Leaves.count(this); n > 0; n--) {
            all.add(part(type));
        }
        return all;
    }

    private int[] integers() throws IOException {
        int[] all = new int[Leaves.count(this)];
        for (int i = 0; i < all.length; i++) {
            all[i] = in.readInt();
        }
        return all;
    }

    private String string() throws IOException {
        return part(String.class);
    }

    private Op op() throws IOException {
        return Objects.requireNonNull((Op) Leaves.make(Op.class, this));
    }

    private <E> E one(E[] values) throws IOException {
        there();
        return named(values);
    }

    private void there() throws IOException {
        if (!in.readBoolean()) {
            throw new IOException("a part is missing");
        }
    }

    private String characters() throws IOException {
        int n = in.readInt();
        if (n < 0 || n > in.available()) {
            throw new EOFException();
        }
        return new String(in.readNBytes(n), StandardCharsets.UTF_8);
    }

    /** The one of these constants that is named next. */
    private <E> E named(E[] values) throws IOException {
        String name = characters();
        for (E value : values) {
            if (((Enum<?>) value).name().equals(name)) {
                return value;
            }
        }
        throw new IllegalArgumentException(
                file + ": " + values.getClass().getComponentType().getSimpleName() + " has no " + InputFile.quoted(name)
                        + " in this version of Fathom; save the plan again with it");
    }

    @Override
    public int left() throws IOException {
        return in.available();
    }

    @Override
    public Object next(Class<?> type) throws IOException {
        return switch (type.getName()) {
            case "int" -> in.readInt();
            case "long" -> in.readLong();
            case "float" -> in.readFloat();
            case "double" -> in.readDouble();
            case "boolean" -> in.readBoolean();
            case "java.lang.String" -> characters();
            default -> named(type.getEnumConstants());
        };
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
