package dev.fathom.bench.ort;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import com.sun.management.ThreadMXBean;
import dev.fathom.bench.OnnxFolder.Array;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The other side of {@code ./fathom compare}: runs a model on the inputs of a folder, writes the outputs there, and
 * then, for each number that it reads, tells the nanoseconds of so many runs.
 *
 * <p>{@code inputs.txt} has a line for each input, its dimensions, a tab and its name, and {@code input-0.bin} and so
 * on their numbers, floats or ints; of outputs the type, float or int, comes before the dimensions.
 */
public final class OrtCompare {
    private static final String MARK = "fathom ";

    private OrtCompare() {}

    /** {@code MODEL THREADS FOLDER}. */
    public static void main(String[] args) throws IOException {
        try {
            answer(args[0], Integer.parseInt(args[1]), Path.of(args[2]));
        } catch (OrtException | IllegalArgumentException e) {
            System.out.println(MARK + "error " + String.valueOf(e.getMessage()).replaceAll("\\s+", " "));
        }
    }

    private static void answer(String model, int threads, Path folder) throws IOException, OrtException {
        OrtEnvironment env = OrtEnvironment.getEnvironment();
        System.gc();
        long before = resident();
        Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
        try (OrtSession session = env.createSession(model, OrtRows.options(threads))) {
            List<String> lines = Files.readAllLines(folder.resolve("inputs.txt"));
            for (int i = 0; i < lines.size(); i++) {
                String[] line = lines.get(i).split("\t", 2);
                TensorInfo info =
                        (TensorInfo) session.getInputInfo().get(line[1]).getInfo();
                byte[] bytes = Files.readAllBytes(folder.resolve("input-" + i + ".bin"));
                inputs.put(line[1], tensor(env, info.type, bytes, dims(line[0])));
            }
            try (OrtSession.Result result = session.run(inputs)) {
                write(result, folder);
            }
            System.out.println(MARK + "ready " + env.getVersion());
            ThreadMXBean heap = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                int runs = Integer.parseInt(line);
                long[] nanos = new long[runs];
                long allocated =
                        heap.getThreadAllocatedBytes(Thread.currentThread().getId());
                for (int i = 0; i < runs; i++) {
                    long begin = System.nanoTime();
                    session.run(inputs).close();
                    nanos[i] = System.nanoTime() - begin;
                }
                allocated = heap.getThreadAllocatedBytes(Thread.currentThread().getId()) - allocated;
                StringBuilder answer = new StringBuilder(MARK).append(allocated / runs);
                answer.append(' ').append(Math.max(0, resident() - before));
                Arrays.stream(nanos).forEach(n -> answer.append(' ').append(n));
                System.out.println(answer);
            }
        } finally {
            inputs.values().forEach(OnnxTensor::close);
        }
    }

    private static long[] dims(String text) {
        return text.isEmpty()
                ? new long[0]
                : Arrays.stream(text.split(",")).mapToLong(Long::parseLong).toArray();
    }

    /** A tensor of these four bytes for each number, floats or ints, in any type. */
    public static OnnxTensor tensor(OrtEnvironment env, OnnxJavaType type, byte[] bytes, long[] dims)
            throws OrtException {
        ByteBuffer values = ByteBuffer.allocateDirect(bytes.length)
                .order(ByteOrder.nativeOrder())
                .put(bytes)
                .flip();
        values.order(ByteOrder.nativeOrder());
        IntBuffer ints = values.asIntBuffer();
        int n = ints.remaining();
        int width = type == OnnxJavaType.DOUBLE ? 8 : type.size;
        ByteBuffer to = ByteBuffer.allocateDirect(width * n).order(ByteOrder.nativeOrder());
        for (int i = 0; i < n; i++) {
            switch (type) {
                case FLOAT, INT32 -> to.putInt(ints.get(i));
                case INT64 -> to.putLong(ints.get(i));
                case INT16 -> to.putShort((short) ints.get(i));
                case INT8, UINT8, BOOL -> to.put((byte) ints.get(i));
                case DOUBLE -> to.putDouble(values.getFloat(4 * i));
                default -> throw new IllegalArgumentException("inputs of type " + type + " are not compared");
            }
        }
        return OnnxTensor.createTensor(env, to.flip().order(ByteOrder.nativeOrder()), dims, type);
    }

    private static void write(OrtSession.Result result, Path folder) throws IOException {
        List<String> lines = new ArrayList<>();
        for (Map.Entry<String, OnnxValue> each : result) {
            if (!(each.getValue() instanceof OnnxTensor tensor)) {
                throw new IllegalArgumentException("the output " + each.getKey() + " is no tensor");
            }
            Array numbers = array(each.getKey(), tensor);
            String dims = Arrays.toString(numbers.dims()).replaceAll("[\\[\\] ]", "");
            Files.write(folder.resolve("output-" + lines.size() + ".bin"), numbers.bytes());
            lines.add((numbers.whole() ? "int" : "float") + "\t" + dims + "\t" + each.getKey());
        }
        Files.write(folder.resolve("outputs.txt"), lines);
    }

    /** The numbers of a tensor. */
    public static Array array(String name, OnnxTensor tensor) {
        TensorInfo info = tensor.getInfo();
        int[] dims = Arrays.stream(info.getShape()).mapToInt(Math::toIntExact).toArray();
        return new Array(name, dims, whole(info.type), values(tensor));
    }

    private static boolean whole(OnnxJavaType type) {
        return switch (type) {
            case FLOAT, DOUBLE, FLOAT16, BFLOAT16 -> false;
            default -> true;
        };
    }

    private static ByteBuffer values(OnnxTensor tensor) {
        TensorInfo info = tensor.getInfo();
        int n = Math.toIntExact(info.getNumElements());
        ByteBuffer to = ByteBuffer.allocate(4 * n).order(ByteOrder.nativeOrder());
        switch (info.type) {
            case FLOAT, FLOAT16, BFLOAT16 -> to.asFloatBuffer().put(tensor.getFloatBuffer());
            case INT32 -> to.asIntBuffer().put(tensor.getIntBuffer());
            default -> {
                for (int i = 0; i < n; i++) {
                    switch (info.type) {
                        case DOUBLE ->
                            to.putFloat((float) tensor.getDoubleBuffer().get(i));
                        case INT64 ->
                            to.putInt(Math.toIntExact(tensor.getLongBuffer().get(i)));
                        case INT16 -> to.putInt(tensor.getShortBuffer().get(i));
                        case INT8 -> to.putInt(tensor.getByteBuffer().get(i));
                        case UINT8, BOOL -> to.putInt(tensor.getByteBuffer().get(i) & 0xff);
                        default ->
                            throw new IllegalArgumentException("outputs of type " + info.type + " are not compared");
                    }
                }
            }
        }
        return to.clear();
    }

    /** The bytes of this process in memory, 0 where the system does not tell. */
    private static long resident() throws IOException {
        Path status = Path.of("/proc/self/status");
        return Files.exists(status)
                ? 1024
                        * Files.readAllLines(status).stream()
                                .filter(l -> l.startsWith("VmRSS:"))
                                .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")))
                                .findFirst()
                                .orElse(0)
                : 0;
    }
}
