package dev.fathom.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.fathom.io.TensorFile;
import dev.fathom.testing.Damage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are cut, changed or made to do harm are refused by one sentence, in little memory, and run nothing. */
class HostileFilesTest {
    private static final Path FOLDER = Path.of(System.getProperty("fathom.root"), "test-data", "files");
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    /** The arrays of the tensors themselves, and what a pickle of a few kilobytes can hold. */
    private static final long MOST_ALLOCATED = 16 << 20;

    @TempDir
    Path temp;

    static Stream<Path> fixtures() throws IOException {
        try (Stream<Path> all = Files.list(FOLDER)) {
            return all.filter(f -> f.toString().matches(".*\\.(pt|bin|npz|gguf|json)")).sorted().toList().stream();
        }
    }

    /** Opens a file and reads all of its tensors; returns whether it was refused. */
    private static boolean refused(Path file) {
        long before = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
        boolean refused = false;
        try (TensorFile open = TensorFile.open(file)) {
            for (String name : open.names()) {
                try {
                    if (open.entry(name).stored() != null && open.shape(name).size() <= 100_000) {
                        open.copy(name, FloatBuffer.allocate((int)
                                open.shape(name).size()));
                    }
                } catch (IllegalArgumentException e) {
                    refused |= sentence(file, e);
                }
            }
        } catch (IllegalArgumentException | UncheckedIOException e) {
            refused = sentence(file, e);
        }
        long taken = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
        assertThat(taken).as(file.toString()).isLessThan(MOST_ALLOCATED);
        return refused;
    }

    private static boolean sentence(Path file, RuntimeException e) {
        String message = String.valueOf(e.getMessage());
        assertThat(message).contains(String.valueOf(file.getParent())).doesNotContain("\n", "java.", "null");
        assertThat(message.length()).isLessThan(1000);
        return true;
    }

    /** The file in a folder of its own, beside the parts that an index names. */
    private Path copied(Path fixture) throws IOException {
        if (fixture.toString().endsWith(".json")) {
            try (Stream<Path> all = Files.list(FOLDER)) {
                for (Path part : all.filter(f -> f.toString().contains("-of-")).toList()) {
                    Files.copy(part, temp.resolve(part.getFileName()));
                }
            }
        }
        return temp.resolve(fixture.getFileName());
    }

    @ParameterizedTest
    @MethodSource("fixtures")
    void aFileThatIsCutIsRefused(Path fixture) throws IOException {
        byte[] whole = Files.readAllBytes(fixture);
        Path file = copied(fixture);
        for (int n = whole.length - 1; n >= 0; n--) {
            Damage.overwrite(file, Arrays.copyOf(whole, n));
            boolean padding = fixture.toString().endsWith(".gguf") && n >= whole.length - 31;
            assertThat(refused(file) || padding).as(n + " bytes").isTrue();
        }
        Damage.overwrite(file, whole);
        assertThat(refused(file)).isFalse();
    }

    @ParameterizedTest
    @MethodSource("fixtures")
    void aFileThatIsChangedIsRefusedOrReadWhole(Path fixture) throws IOException {
        byte[] whole = Files.readAllBytes(fixture);
        Path file = copied(fixture);
        Random random = new Random(5);
        int refused = 0;
        int rounds = 600;
        for (int i = 0; i < rounds; i++) {
            Damage.overwrite(file, Damage.of(whole, 6, whole.length, 64, random));
            refused += refused(file) ? 1 : 0;
        }
        assertThat(refused).isBetween(rounds / 10, rounds - 1);
    }

    // ---- pickles

    /** Writes steps of a pickle. */
    private static final class Steps {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Steps op(int... ops) {
            for (int op : ops) {
                out.write(op);
            }
            return this;
        }

        Steps text(String text) {
            out.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
            return this;
        }

        Steps string(String text) {
            return op(0x8c, text.length()).text(text);
        }

        Steps number(int bytes, long n) {
            for (int i = 0; i < bytes; i++) {
                op((int) (n >> 8 * i) & 0xff);
            }
            return this;
        }
    }

    private Path pickle(Steps steps) throws IOException {
        Path file = temp.resolve("hostile.pt");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.putNextEntry(new ZipEntry("hostile/data.pkl"));
            zip.write(steps.out.toByteArray());
            zip.putNextEntry(new ZipEntry("hostile/data/0"));
            zip.write(new byte[16]);
        }
        return file;
    }

    private void refusedFor(Steps steps, String why) throws IOException {
        Path file = pickle(steps);
        long before = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
        assertThatThrownBy(() -> TensorFile.open(file))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(why);
        long taken = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
        assertThat(taken).isLessThan(900L << 20);
    }

    /** By each of the steps that name something. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "os system",
                "posix system",
                "builtins eval",
                "builtins exec",
                "builtins getattr",
                "__builtin__ eval",
                "subprocess Popen",
                "nt system",
                "torch.hub load",
                "torch load",
                "torch.storage _load_from_bytes",
                "numpy.core.multiarray os",
                "torch._utils __builtins__",
                "collections OrderedDict.clear",
                "webbrowser open",
                "operator attrgetter",
                "pickle loads",
                "runpy _run_code",
                "torch.nn.modulesX.Y Z"
            })
    void whatAPickleNamesIsRefused(String names) throws IOException {
        String[] name = names.split(" ");
        String why =
                "its pickle names \"" + name[0] + "." + name[1] + "\", which is not read, as it could run code: only"
                        + " tensors and plain containers are; save them alone, in Python by torch.save(model.state_dict(), path)";
        String lines = name[0] + "\n" + name[1] + "\n";
        refusedFor(new Steps().text("c" + lines + "(Vecho hostile\ntR."), why);
        refusedFor(new Steps().text("(i" + lines + "."), why);
        refusedFor(new Steps().op(0x80, 4).string(name[0]).string(name[1]).op(0x93, '.'), why);
        refusedFor(new Steps().text("(c" + lines + "Vx\no."), why);
        refusedFor(new Steps().text("}Vx\nc" + lines + "s."), why);
    }

    /** A name that is allowed is not thereby a function, and what it gives is never called. */
    @Test
    void onlyFunctionsThatAreKnownAreCalled() throws IOException {
        refusedFor(new Steps().text("Vos.system\n(Vx\ntR."), "its pickle calls what is no function");
        refusedFor(new Steps().text("ctorch\nfloat32\n(Vx\ntR."), "its pickle calls what is no function");
        refusedFor(new Steps().text("cbuiltins\nint\n(Vx\ntR."), "builtins.int, which is no function");
        refusedFor(new Steps().text("ctorch._C._nn\ngelu\n(Vx\ntR."), "torch._C._nn.gelu, which is no function");
        refusedFor(
                new Steps().text("ctorch._tensor\n_rebuild_from_type_v2\n(cbuiltins\nint\nN(ttR."),
                "builtins.int, which is no function");
        refusedFor(
                new Steps()
                        .text("ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._tensor\n_rebuild_from_type_v2\nN(ttR."),
                "rebuilds a rebuilt tensor");
        refusedFor(new Steps().text("ctorch._utils\n_rebuild_tensor_v2\n(VnoStorage\nK\0tR."), "with other arguments");
        refusedFor(new Steps().text("ctorch._utils\n_rebuild_tensor_v2\n(tR."), "with other arguments");
        refusedFor(new Steps().text("(Vfile\nV/etc/passwd\ntQ."), "something else than a storage");
        refusedFor(new Steps().text("V/etc/passwd\nQ."), "not told as PyTorch does");
    }

    @Test
    void lengthsAndNumbersThatLie() throws IOException {
        refusedFor(new Steps().op(0x8d).number(8, 1L << 40), "claims a text of 1099511627776 bytes");
        refusedFor(new Steps().op(0x8d).number(8, -1), "claims a text of 18446744073709551615 bytes");
        refusedFor(new Steps().op(0x8e).number(8, 1 << 23), "it ends before what its header tells");
        refusedFor(new Steps().op('X').number(4, 0xffff_ffffL), "claims a text of 4294967295 bytes");
        refusedFor(new Steps().op(0x8b).number(4, 1 << 30), "claims a number of 1073741824 bytes");
        refusedFor(new Steps().text("I12x\n."), "has the number \"12x\"");
        refusedFor(new Steps().text("V\\u12\n."), "has the text");
        refusedFor(new Steps().op(0x80, 9, '.'), "has the protocol 9");
        refusedFor(new Steps().op(0x82, 1, '.'), "has the step 0x82");
        refusedFor(new Steps().op('h', 7, '.'), "asks for number 7");
        refusedFor(new Steps().op('.'), "takes more than it has put down");
        refusedFor(new Steps().op('(', '.'), "takes more than it has put down");
        refusedFor(new Steps().op('t', '.'), "lacks a mark");
        refusedFor(new Steps().op('}', 'K', 1, 'a', '.'), "appends to what is no list");
        refusedFor(new Steps().op('(', 'N', 'd', '.'), "has a key without a value");
        refusedFor(new Steps(), "it ends before what its header tells");
    }

    @Test
    void bombs() throws IOException {
        // a list in a list in a list
        Steps deep = new Steps();
        for (int i = 0; i < 100_000; i++) {
            deep.op(']');
        }
        for (int i = 1; i < 100_000; i++) {
            deep.op('a');
        }
        refusedFor(deep.op('.'), "is nested deeper than 100 levels");
        // itself
        refusedFor(new Steps().op(']', 'q', 0, 'h', 0, 'a', '.'), "or holds itself");
        refusedFor(new Steps().op('}', 'q', 0).text("Vx\n").op('h', 0, 's', '.'), "or holds itself");
        // ten to the power of thirty lists
        Steps laughs = new Steps().op(']', 'q', 0);
        for (int i = 1; i < 30; i++) {
            laughs.op(']', '(');
            for (int j = 0; j < 10; j++) {
                laughs.op('h', i - 1);
            }
            laughs.op('e', 'q', i);
        }
        refusedFor(laughs.op('.'), "holds more than 4194304 values");
        // an endless stack and an endless memo, of few compressed bytes
        Steps stack = new Steps();
        Steps memo = new Steps().op('N');
        for (int i = 0; i < 1 << 22; i++) {
            stack.op(']');
            memo.op(0x94);
        }
        refusedFor(stack.op('.'), "has more than 4194304 steps");
        refusedFor(memo.op('.'), "has more than 4194304 steps");
        // a key that holds itself, which nothing may compare or print
        Path key = pickle(new Steps().op('}', ']', 'q', 0, 'h', 0, 'a', 'N', 's', '.'));
        assertThat(TensorFile.open(key).names()).isEmpty();
    }

    /** A tensor that takes more than its storage has. */
    @Test
    void viewsThatReachOutside() throws IOException {
        long[][] wrong = {
            {0, 5, 1}, {1, 4, 1}, {-1, 2, 1}, {0, 2, 4}, {0, 2, -1}, {0, -2, 1}, {0, 2, 1L << 62}, {0, 1L << 46, 1}
        };
        for (long[] w : wrong) {
            Steps steps = new Steps()
                    .text("ctorch._utils\n_rebuild_tensor_v2\n((Vstorage\nctorch\nFloatStorage\nV0\nVcpu\nK\4tQ")
                    .text("L" + w[0] + "L\n(L" + w[1] + "L\nt(L" + w[2] + "L\ntI00\nNtR.");
            refusedFor(steps, "has a tensor of [" + w[1] + "] with the strides [" + w[2] + "]");
        }
        Steps storage = new Steps()
                .text("ctorch._utils\n_rebuild_tensor_v2\n((Vstorage\nctorch\nFloatStorage\nV0\nVcpu\nK\11tQ")
                .text("K\0(K\11t(K\1tI00\nNtR.");
        refusedFor(storage, "takes the numbers from 0 to 9 of a storage of 16 bytes");
        Steps missing = new Steps()
                .text("ctorch._utils\n_rebuild_tensor_v2\n((Vstorage\nctorch\nFloatStorage\nV../0\nVcpu\nK\4tQ")
                .text("K\0(K\4t(K\1tI00\nNtR.");
        refusedFor(missing, "the storage \"../0\" of its tensor \"tensor\" is missing");
    }

    // ---- other formats

    @Test
    void headersOfGgufThatLie() throws IOException {
        Path file = temp.resolve("hostile.gguf");
        for (long lie : new long[] {-1, Long.MAX_VALUE, 1L << 40, 1 << 20}) {
            ByteBuffer head = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
            head.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3);
            List<ByteBuffer> all = new ArrayList<>();
            all.add(ByteBuffer.allocate(64)
                    .put(head.duplicate().flip())
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(lie)
                    .putLong(0)); // tensors
            all.add(ByteBuffer.allocate(64)
                    .put(head.duplicate().flip())
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(0)
                    .putLong(lie)); // settings
            all.add(ByteBuffer.allocate(64)
                    .put(head.duplicate().flip())
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(0)
                    .putLong(1)
                    .putLong(lie)); // a key
            all.add(ByteBuffer.allocate(64)
                    .put(head.duplicate().flip())
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(0)
                    .putLong(1)
                    .putLong(1)
                    .put((byte) 'k')
                    .putInt(9)
                    .putInt(0)
                    .putLong(lie)); // a list
            for (ByteBuffer some : all) {
                Files.write(file, some.array());
                assertThat(refused(file)).isTrue();
            }
        }
    }

    /** A zip whose entry of a kilobyte claims a terabyte. */
    @Test
    void anArchiveThatClaimsMoreThanItCanHold() throws IOException {
        Path file = temp.resolve("bomb.pt");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.putNextEntry(new ZipEntry("x/data.pkl"));
            zip.write(new byte[1000]);
        }
        byte[] bytes = Files.readAllBytes(file);
        int directory = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("PK\1\2");
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(directory + 24, 0x7fff_ffff);
        Files.write(file, bytes);
        assertThatThrownBy(() -> TensorFile.open(file))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(file + ": its entry \"x/data.pkl\" claims 2147483647 bytes of ");
    }
}
