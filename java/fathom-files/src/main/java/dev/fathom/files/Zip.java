package dev.fathom.files;

import dev.fathom.io.Bytes;
import dev.fathom.io.InputFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * A zip archive whose entries are read from any place on (<a
 * href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">APPNOTE.TXT</a>), with the fields of ZIP64, stored
 * or deflated. Other than {@link java.util.zip.ZipFile}, it knows where the bytes of an entry lie, and it reads
 * archives that lie inside another.
 */
final class Zip {
    private static final int END_LENGTH = 22;
    private static final int END64 = 0x06064b50;
    private static final int LOCATOR64 = 0x07064b50;
    private static final int LOCATOR64_LENGTH = 20;
    private static final int ENTRY = 0x02014b50;
    private static final int ENTRY_LENGTH = 46;
    private static final int LOCAL = 0x04034b50;
    private static final int EXTRA64 = 1;
    private static final long UNSET = 0xffff_ffffL;

    private static final int STORED = 0;
    private static final int DEFLATED = 8;
    /** Deflate makes a byte of at most 1,032; a little more is allowed for the bytes around the data. */
    private static final long MOST_DEFLATED = 1040;

    private final String file;
    private final Bytes data;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /** What the directory says of an entry: its name, how it is compressed, its checksum, sizes and place. */
    record Entry(String name, boolean encrypted, int method, long crc, long compressed, long size, long header) {}

    /**
     * Reads the directory.
     *
     * @param file what errors call it
     * @throws IllegalArgumentException if it is damaged
     */
    Zip(String file, Bytes data) throws IOException {
        this.file = file;
        this.data = data;
        directory();
    }

    /** Whether a file begins as an archive does, an empty one too. */
    static boolean begins(byte[] head) {
        return head.length > 3 && head[0] == 'P' && head[1] == 'K' && (head[2] == 3 && head[3] == 4 || head[2] == 5);
    }

    Map<String, Entry> entries() {
        return Collections.unmodifiableMap(entries);
    }

    private void directory() throws IOException {
        long end = end();
        Cursor in = new Cursor(data, end + 10);
        long count = in.number(2);
        in.skip(4);
        long at = in.number(4);
        if (end >= LOCATOR64_LENGTH) {
            in = new Cursor(data, end - LOCATOR64_LENGTH);
            if (in.int32() == LOCATOR64) {
                in.skip(4);
                in = place(in.number(8));
                if (in.int32() == END64) {
                    in.skip(28);
                    count = in.number(8);
                    in.skip(8);
                    at = in.number(8);
                }
            }
        }
        in = place(at);
        for (long i = 0; i < count; i++) {
            Entry e = entry(in);
            if (entries.put(e.name, e) != null) {
                throw Opening.damaged("its archive has " + InputFile.quoted(e.name) + " twice");
            }
        }
    }

    private Cursor place(long at) throws IOException {
        if (at < 0 || at > data.length()) {
            throw Opening.damaged("its archive has a directory at " + at + ", which is not in the file");
        }
        return new Cursor(data, at);
    }

    /** Where the record of the end lies, before a comment of at most 65,535 bytes. */
    private long end() throws IOException {
        long length = data.length();
        int n = (int) Math.min(length, END_LENGTH + 0xffff);
        byte[] tail = new byte[n];
        data.read(length - n, tail, n);
        for (int i = n - END_LENGTH; i >= 0; i--) {
            if (tail[i] == 'P' && tail[i + 1] == 'K' && tail[i + 2] == 5 && tail[i + 3] == 6) {
                return length - n + i;
            }
        }
        throw new IllegalArgumentException(
                "it is not a whole zip file, as it lacks the directory at its end; the file is"
                        + " damaged, fetch or save it again");
    }

    private static Entry entry(Cursor in) throws IOException {
        if (in.left() < ENTRY_LENGTH || in.int32() != ENTRY) {
            throw Opening.damaged("the directory of its archive ends early");
        }
        in.skip(4); // versions
        boolean encrypted = (in.number(2) & 1) != 0;
        int method = (int) in.number(2);
        in.skip(4); // time
        long crc = in.number(4);
        long compressed = in.number(4);
        long size = in.number(4);
        long nameLength = in.number(2);
        long extraLength = in.number(2);
        long commentLength = in.number(2);
        in.skip(8);
        long header = in.number(4);
        String name = new String(in.bytes(nameLength), StandardCharsets.UTF_8);
        Cursor extra = new Cursor(Bytes.of(ByteBuffer.wrap(in.bytes(extraLength))), 0);
        in.skip(commentLength);
        while (extra.left() > 4) {
            long id = extra.number(2);
            long length = Math.min(extra.number(2), extra.left());
            if (id == EXTRA64) {
                long stop = extra.left() - length;
                size = wide(extra, stop, size);
                compressed = wide(extra, stop, compressed);
                header = wide(extra, stop, header);
                break;
            }
            extra.skip(length);
        }
        return new Entry(name, encrypted, method, crc, compressed, size, header);
    }

    private static long wide(Cursor extra, long stop, long narrow) throws IOException {
        return narrow == UNSET && extra.left() - stop >= 8 ? extra.number(8) : narrow;
    }

    private IllegalArgumentException damaged(Entry e, String what) {
        return Opening.damaged(file + ": its entry " + InputFile.quoted(e.name) + " " + what);
    }

    /**
     * The bytes of an entry.
     *
     * @throws IllegalArgumentException if they are not in the file, are encrypted, or are compressed in another way
     */
    Bytes open(Entry e) throws IOException {
        if (e.encrypted || e.method != STORED && e.method != DEFLATED) {
            throw new IllegalArgumentException(file + ": its entry " + InputFile.quoted(e.name) + " is "
                    + (e.encrypted ? "encrypted" : "compressed by the method " + e.method)
                    + " but stored and deflated ones are read; pack the archive again");
        }
        Cursor in = place(e.header);
        if (in.left() < 30 || in.int32() != LOCAL) {
            throw damaged(e, "does not begin at " + e.header);
        }
        in.skip(22);
        long name = in.number(2);
        long extra = in.number(2);
        long begin = in.at() + name + extra;
        if (e.compressed < 0 || e.size < 0 || e.compressed > data.length() - begin) {
            throw damaged(e, "claims " + e.compressed + " bytes, which are not in the file");
        }
        if (e.method == STORED ? e.size != e.compressed : e.size / MOST_DEFLATED > e.compressed) {
            throw damaged(e, "claims " + e.size + " bytes of " + e.compressed + " compressed ones");
        }
        Bytes raw = new Part(data, begin, e.compressed);
        return e.method == STORED ? raw : new Inflated(e, raw);
    }

    /** Whether the bytes of an entry are read only from the first on. */
    static boolean sequential(Bytes data) {
        return data instanceof Inflated || data instanceof Checked checked && sequential(checked.data);
    }

    /** A deflated entry, which is inflated anew where an earlier place is asked for. */
    private final class Inflated implements Bytes {
        private final Entry entry;
        private final Bytes raw;
        private final byte[] chunk = new byte[1 << 13];
        private @Nullable Inflater inflater;
        private long from;
        private long at;

        Inflated(Entry entry, Bytes raw) {
            this.entry = entry;
            this.raw = raw;
        }

        @Override
        public long length() {
            return entry.size;
        }

        @Override
        public void read(long begin, byte[] to, int n) throws IOException {
            if (begin > entry.size - n) {
                throw new EOFException();
            }
            if (inflater == null) {
                inflater = new Inflater(true); // given back by its own cleaner
            } else if (begin < at) {
                inflater.reset();
                from = 0;
                at = 0;
            }
            byte[] skipped = begin > at ? new byte[1 << 13] : chunk;
            while (at < begin) {
                inflate(inflater, skipped, (int) Math.min(skipped.length, begin - at));
            }
            inflate(inflater, to, n);
        }

        private void inflate(Inflater inflater, byte[] to, int n) throws IOException {
            try {
                for (int done = 0; done < n; ) {
                    int more = inflater.inflate(to, done, n - done);
                    done += more;
                    at += more;
                    if (more == 0 && inflater.needsInput() && from < entry.compressed) {
                        int length = (int) Math.min(chunk.length, entry.compressed - from);
                        raw.read(from, chunk, length);
                        inflater.setInput(chunk, 0, length);
                        from += length;
                    } else if (more == 0) {
                        throw damaged(entry, "ends before the last of its " + entry.size + " bytes");
                    }
                }
            } catch (DataFormatException e) {
                throw damaged(entry, "cannot be inflated (" + e.getMessage() + ")");
            }
        }
    }

    /** The bytes of an entry, whose checksum is compared where they are read from {@code begin} to the end. */
    Bytes checked(Entry e, long begin) throws IOException {
        return new Checked(e, open(e), begin);
    }

    private final class Checked implements Bytes {
        private final Entry entry;
        private final Bytes data;
        private final long begin;
        private final CRC32 crc = new CRC32();
        private long at = -1;

        Checked(Entry entry, Bytes data, long begin) {
            this.entry = entry;
            this.data = data;
            this.begin = begin;
        }

        @Override
        public long length() {
            return entry.size;
        }

        @Override
        public void read(long from, byte[] to, int n) throws IOException {
            if (from == begin) {
                byte[] before = new byte[(int) begin];
                data.read(0, before, before.length);
                crc.reset();
                crc.update(before);
                at = begin;
            }
            data.read(from, to, n);
            if (from == at) {
                crc.update(to, 0, n);
                at += n;
                if (at == entry.size && crc.getValue() != entry.crc) {
                    throw damaged(entry, "has another checksum than its archive says");
                }
            }
        }
    }
}
