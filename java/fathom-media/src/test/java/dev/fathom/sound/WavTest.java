package dev.fathom.sound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** WAV files of every format, byte for byte, and every sentence about what is none. */
class WavTest {
    @TempDir
    Path temp;

    private static void refused(ThrowingCallable call, String sentence) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(sentence);
    }

    /** A chunk with its name and size. */
    private static byte[] chunk(String name, byte... content) {
        ByteBuffer b =
                ByteBuffer.allocate(8 + content.length + content.length % 2).order(ByteOrder.LITTLE_ENDIAN);
        return b.put(name.getBytes()).putInt(content.length).put(content).array();
    }

    private static byte[] riff(byte[]... chunks) {
        int size = 4 + Stream.of(chunks).mapToInt(c -> c.length).sum();
        ByteBuffer b = ByteBuffer.allocate(8 + size).order(ByteOrder.LITTLE_ENDIAN);
        b.put("RIFF".getBytes()).putInt(size).put("WAVE".getBytes());
        Stream.of(chunks).forEach(b::put);
        return b.array();
    }

    private static byte[] format(int kind, int channels, int rate, int frame, int bits, byte... more) {
        ByteBuffer b = ByteBuffer.allocate(16 + more.length).order(ByteOrder.LITTLE_ENDIAN);
        b.putShort((short) kind).putShort((short) channels).putInt(rate).putInt(rate * frame);
        return chunk(
                "fmt ",
                b.putShort((short) frame).putShort((short) bits).put(more).array());
    }

    private Path file(byte[] bytes) throws IOException {
        return Files.write(temp.resolve("a.wav"), bytes);
    }

    // ---- reading

    @Test
    void bytesAreThoseOfTheFile() throws IOException {
        for (int n : new int[] {1, 4}) { // an odd and an even number of bytes
            byte[] one = {1, 2, 3, 4};
            Wav wav = Wav.read(file(riff(format(1, 1, 8000, 1, 8), chunk("data", Arrays.copyOf(one, n)))));
            Path file = temp.resolve("b.wav");
            wav.write(file);
            assertThat(wav.bytes()).isEqualTo(Files.readAllBytes(file));
            assertThat(wav.bytes().length % 2).isZero();
        }
    }

    @Test
    void samplesOfEveryFormat() throws IOException {
        Wav eight =
                Wav.read(file(riff(format(1, 1, 8000, 1, 8), chunk("data", new byte[] {0, (byte) 128, (byte) 255}))));
        assertThat(eight.channel(0)).containsExactly(-1, 0, 127f / 128);
        assertThat(eight.format()).isEqualTo(Wav.Format.PCM_8);
        assertThat(eight).hasToString("Wav of 3 samples at 8000 Hz, 1 channel");
        byte[] sixteen = {0, (byte) 0x80, (byte) 0xff, 0x7f, 1, 0, (byte) 0xff, (byte) 0xff};
        Wav stereo = Wav.read(file(riff(format(1, 2, 44100, 4, 16), chunk("data", sixteen))));
        assertThat(stereo.channels()).isEqualTo(2);
        assertThat(stereo.channel(0)).containsExactly(-1, 1f / 32768);
        assertThat(stereo.channel(1)).containsExactly(32767f / 32768, -1f / 32768);
        assertThat(stereo.mono()).containsExactly(-0.5f / 32768, 0);
        assertThat(stereo.seconds()).isCloseTo(2 / 44100.0, within(1e-12));
        byte[] three = {0, 0, (byte) 0x80, (byte) 0xff, (byte) 0xff, 0x7f, (byte) 0xff, (byte) 0xff, (byte) 0xff};
        assertThat(Wav.read(file(riff(format(1, 1, 8000, 3, 24), chunk("data", three))))
                        .channel(0))
                .containsExactly(-1, 8388607f / 8388608, -1f / 8388608);
        byte[] four = {0, 0, 0, (byte) 0x80, 0, 0, 0, 0x40};
        assertThat(Wav.read(file(riff(format(1, 1, 8000, 4, 32), chunk("data", four))))
                        .channel(0))
                .containsExactly(-1, 0.5f);
        ByteBuffer floats = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putFloat(0.1f)
                .putFloat(-2);
        assertThat(Wav.read(file(riff(format(3, 1, 8000, 4, 32), chunk("data", floats.array()))))
                        .channel(0))
                .containsExactly(0.1f, -2);
    }

    @Test
    void anExtensibleHeaderAndOtherChunks() throws IOException {
        // the rest of an extensible format: its size, valid bits, speakers, and the identifier that begins with the
        // format
        byte[] more = new byte[24];
        more[0] = 22;
        more[2] = 24;
        more[8] = 1;
        byte[] bytes = riff(
                chunk("LIST", new byte[] {1, 2, 3}), // an odd size, and a byte to fill it
                format(0xfffe, 1, 48000, 3, 24, more),
                chunk("fact", new byte[4]),
                chunk("data", new byte[] {0, 0, 64}),
                chunk("id3 ", new byte[10]));
        Wav wav = Wav.read(file(bytes));
        assertThat(wav.channel(0)).containsExactly(0.5f);
        assertThat(wav.rate()).isEqualTo(48000);
        assertThat(wav.format()).isEqualTo(Wav.Format.PCM_24);
        byte[] trailing = Arrays.copyOf(bytes, bytes.length + 7);
        assertThat(Wav.read(file(trailing)).frames())
                .as("what follows the file")
                .isEqualTo(1);
    }

    // ---- writing

    @ParameterizedTest
    @EnumSource(Wav.Format.class)
    void whatIsWrittenIsReadAgain(Wav.Format format) throws IOException {
        Random random = new Random(1);
        float[] left = new float[1001];
        float[] right = new float[1001];
        for (int i = 0; i < left.length; i++) {
            left[i] = 2 * random.nextFloat() - 1;
            right[i] = 2 * random.nextFloat() - 1;
        }
        Path file = temp.resolve("b.wav");
        for (Wav wav : new Wav[] {Wav.of(8000, left), Wav.of(22050, left, right)}) {
            wav.write(file, format);
            Wav read = Wav.read(file);
            assertThat(read.format()).isEqualTo(format);
            assertThat(read.rate()).isEqualTo(wav.rate());
            double step = format == Wav.Format.FLOAT_32 || format == Wav.Format.PCM_32
                    ? 0
                    : Math.scalb(1.0, format == Wav.Format.PCM_8 ? -7 : format == Wav.Format.PCM_16 ? -15 : -23);
            for (int c = 0; c < wav.channels(); c++) {
                for (int i = 0; i < left.length; i++) {
                    // the largest value has no integer: 1 becomes 1 - step
                    assertThat(Math.abs(read.channel(c)[i] - wav.channel(c)[i])).isLessThanOrEqualTo((float) step);
                }
            }
            byte[] once = Files.readAllBytes(file);
            read.write(file);
            assertThat(file).as("nothing changes the second time").hasBinaryContent(once);
        }
    }

    @Test
    void aFileByteForByte() throws IOException {
        Path file = temp.resolve("c.wav");
        Wav.of(8000, new float[] {0.5f, -1, 2}).write(file, Wav.Format.PCM_8);
        assertThat(file).hasBinaryContent(riff(format(1, 1, 8000, 1, 8), chunk("data", new byte[] {
            (byte) 192, 0, (byte) 255
        })));
        Wav.of(8000, new float[] {0.5f}, new float[] {-0.5f}).write(file);
        assertThat(file).hasBinaryContent(riff(format(1, 2, 8000, 4, 16), chunk("data", new byte[] {0, 64, 0, -64})));
    }

    @Test
    void spokenDigitsAreWrittenAsTheyWereRead() throws IOException {
        String data = System.getenv("FATHOM_DATA");
        Path folder = Path.of(data == null ? "" : data, "spoken-digits", "recordings");
        assumeTrue(
                Files.isDirectory(folder), "spoken digits are not tested: FATHOM_DATA has no spoken-digits/recordings");
        int seen = 0;
        Path copy = temp.resolve("copy.wav");
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                Wav wav = Wav.read(file);
                assertThat(wav.rate()).isEqualTo(8000);
                assertThat(wav.channels()).isEqualTo(1);
                assertThat(wav.seconds()).isBetween(0.13, 2.4);
                if (seen++ % 100 == 0) {
                    wav.write(copy);
                    Wav again = Wav.read(copy);
                    assertThat(again.channel(0)).isEqualTo(wav.channel(0));
                    assertThat(again.format()).isEqualTo(wav.format());
                    Spectrogram s = new Stft(256).forward(wav.mono());
                    float[] mel = Mel.htk(8000, 256, 26).log(s);
                    assertThat(mel).hasSize(26 * (1 + wav.frames() / 64));
                    float[] back = new Stft(256).inverse(s, wav.frames());
                    for (int i = 0; i < back.length; i++) {
                        assertThat(back[i]).isCloseTo(wav.channel(0)[i], within(1e-6f));
                    }
                }
            }
        }
        assertThat(seen).isEqualTo(3000);
    }

    // ---- what is none

    @Test
    void filesThatAreNoRecordings() throws IOException {
        Path file = temp.resolve("a.wav");
        String tail = "; the file is damaged or not a WAV file, fetch it again";
        byte[] good = riff(format(1, 1, 8000, 2, 16), chunk("data", new byte[8]));
        refused(() -> Wav.read(file(new byte[5])), file + ": it has 5 bytes, fewer than the first header takes" + tail);
        refused(() -> Wav.read(file(new byte[50])), file + ": it does not begin with RIFF and WAVE" + tail);
        refused(
                () -> Wav.read(file(Arrays.copyOf(good, good.length - 1))),
                file + ": its header claims 52 bytes, but there are 51" + tail);
        byte[] hostile = good.clone();
        ByteBuffer.wrap(hostile).order(ByteOrder.LITTLE_ENDIAN).putInt(40, -1);
        refused(
                () -> Wav.read(file(hostile)),
                file + ": its chunk \"data\" claims 4294967295 bytes, but 8 are left" + tail);
        refused(() -> Wav.read(file(riff(format(1, 1, 8000, 2, 16)))), file + ": it has no chunk \"data\"" + tail);
        refused(
                () -> Wav.read(file(riff(chunk("data", new byte[2]), format(1, 1, 8000, 2, 16)))),
                file + ": its samples come before the chunk \"fmt \" that says what they are" + tail);
        refused(
                () -> Wav.read(file(riff(chunk("fmt ", new byte[14]), chunk("data", new byte[2])))),
                file + ": its chunk \"fmt \" has 14 bytes and not the 16 that it needs" + tail);
        refused(
                () -> Wav.read(file(riff(format(1, 1, 8000, 2, 16), chunk("data")))),
                file + ": it has no samples" + tail);
        refused(
                () -> Wav.read(file(riff(format(1, 2, 8000, 4, 16), chunk("data", new byte[6])))),
                file + ": its 6 bytes of samples are no whole number below 2^31 of 4 bytes each" + tail);
        refused(
                () -> Wav.read(file(riff(format(1, 0, 8000, 0, 16), chunk("data", new byte[6])))),
                file + ": its header claims 0 channels of 16 bits in 0 bytes at 8000 samples a second" + tail);
        refused(
                () -> Wav.read(file(riff(format(1, 1, -1, 2, 16), chunk("data", new byte[6])))),
                file + ": its header claims 1 channels of 16 bits in 2 bytes at 4294967295 samples a second" + tail);
        refused(
                () -> Wav.read(file(riff(format(7, 1, 8000, 1, 8), chunk("data", new byte[6])))),
                file
                        + ": its samples have 8 bits in the format 7, but only integers (1) of 8, 16, 24 and 32 "
                        + "bits and floats "
                        + "(3) of 32 bits are read; convert it before");
        refused(
                () -> Wav.read(file(riff(
                        format(3, 1, 8000, 4, 32), chunk("data", new byte[] {0, 0, 0, 0, 0, 0, (byte) 0xc0, 0x7f})))),
                file + ": sample 1 is NaN" + tail);
        assertThatThrownBy(() -> Wav.read(temp.resolve("none.wav")))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage(
                        "cannot read " + temp.resolve("none.wav") + ": it does not exist; give the path of a WAV file");
        refused(
                () -> Wav.of(0, new float[1]),
                "wav: rate=0 and 1 channels of 1 samples; give a rate above 0 and 1 to 256 channels with at least "
                        + "one sample");
        refused(
                () -> Wav.of(1),
                "wav: rate=1 and 0 channels; give a rate above 0 and 1 to 256 channels with at least one sample");
        refused(
                () -> Wav.of(1, new float[2], new float[3]),
                "wav: channel 1 has 3 samples but channel 0 has 2; give equally many");
        refused(
                () -> Wav.of(1, new float[] {0, Float.NaN}),
                "wav: sample 1 of channel 0 is NaN; give finite samples from -1 to 1");
        refused(() -> Wav.of(1, new float[2]).channel(1), "channel: 1 is outside [0, 1); the recording has 1");
    }

    /** Every byte of a header changed to every value, and every length: a recording or a sentence. */
    @Test
    void anyBytesAreARecordingOrASentence() throws IOException {
        byte[] good = riff(format(1, 2, 8000, 4, 16), chunk("LIST", new byte[3]), chunk("data", new byte[16]));
        Path file = temp.resolve("a.wav");
        int good1 = 0;
        for (int i = 0; i < good.length; i++) {
            for (int value : new int[] {0, 1, 2, 127, 128, 254, 255}) {
                byte[] bytes = good.clone();
                bytes[i] = (byte) value;
                good1 += tried(file, bytes);
            }
            tried(file, Arrays.copyOf(good, i));
        }
        assertThat(good1).isBetween(100, 500);
    }

    private static int tried(Path file, byte[] bytes) throws IOException {
        Files.write(file, bytes);
        try {
            return Wav.read(file).frames() > 0 ? 1 : 0;
        } catch (IllegalArgumentException e) {
            assertThat(e.getMessage()).startsWith(file.toString()).hasLineCount(1);
            return 0;
        }
    }
}
