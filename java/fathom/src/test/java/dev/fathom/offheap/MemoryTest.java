package dev.fathom.offheap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.fathom.memory.Memory;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Blocks and their leases, arenas and their size classes, and the account of both. */
class MemoryTest {
    // ---- blocks

    @Test
    void aBlockIsZeroedAlignedAndRoundedTo64() {
        for (long bytes : new long[] {0, 1, 63, 64, 65, 1000, 5 << 20}) {
            try (Block b = new Block("test", bytes)) {
                assertThat(b.bytes()).isEqualTo(Math.max(64, (bytes + 63) / 64 * 64));
                assertThat(b.address() % 64).isZero();
                var view = b.view(0, b.bytes());
                assertThat(view.order()).isEqualTo(ByteOrder.nativeOrder());
                for (int i = 0; i < b.bytes(); i += 61) {
                    assertThat(view.get(i)).isZero();
                }
                view.put((int) b.bytes() - 1, (byte) 7);
                assertThat(b.view(b.bytes() - 1, 1).get(0)).isEqualTo((byte) 7);
            }
        }
    }

    @Test
    void viewsAndCopiesStayInside() {
        try (Block a = new Block("test", 128);
                Block b = new Block("test", 128);
                Block c = new Block("test", 192)) {
            a.view(64, 4).putFloat(1.5f);
            Block.copy(a, b);
            assertThat(b.view(64, 4).getFloat(0)).isEqualTo(1.5f);
            assertThatThrownBy(() -> Block.copy(a, c))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("copy: blocks of 128 and 192 bytes; they must be equal");
            assertThatThrownBy(() -> a.view(100, 29))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("view: offset=100 count=29 but the block has 128 bytes");
            assertThatThrownBy(() -> a.view(-1, 4)).hasMessage("view: offset=-1 count=4 but the block has 128 bytes");
            assertThatThrownBy(() -> a.view(0, -4)).hasMessage("view: offset=0 count=-4 but the block has 128 bytes");
        }
    }

    @Test
    void theLastLeaseGivesTheMemoryOfAClosedBlockBack() {
        Block b = new Block("thing", 32 << 20);
        long owned = Memory.stats().owned();
        b.lease();
        b.lease();
        b.close();
        assertThat(b.closed()).isTrue();
        b.view(0, 4).putInt(42);
        assertThatThrownBy(b::lease)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("thing is closed: it was closed at ")
                .hasMessageEndingWith("; use it before the close");
        b.release();
        assertThat(b.view(0, 4).getInt(0)).as("still leased once").isEqualTo(42);
        b.close();
        b.release();
        assertThat(Memory.stats().owned())
                .as("others may be collected meanwhile")
                .isLessThanOrEqualTo(owned - (32 << 20));
    }

    @Test
    void aForgottenBlockIsTakenBackAndCounted() throws InterruptedException {
        long forgotten = Memory.stats().forgotten();
        forget();
        for (int i = 0; i < 200 && Memory.stats().forgotten() == forgotten; i++) {
            System.gc();
            Thread.sleep(5);
        }
        assertThat(Memory.stats().forgotten()).isGreaterThan(forgotten);
    }

    private static void forget() {
        Block forgotten = new Block("block that this test forgets on purpose", 64);
        assertThat(forgotten.closed()).isFalse();
    }

    // ---- arenas

    @Test
    void sizeClassesWasteAtMostAnEighth() {
        for (long bytes = 1; bytes < 1 << 20; bytes = bytes * 17 / 16 + 1) {
            long rounded = Arena.rounded(bytes);
            assertThat(rounded % 64).isZero();
            assertThat(rounded).isGreaterThanOrEqualTo(bytes);
            if (bytes > 512) {
                assertThat(rounded).isLessThanOrEqualTo(bytes + bytes / 8 + 64);
            } else {
                assertThat(rounded).isEqualTo((bytes + 63) / 64 * 64);
            }
            assertThat(Arena.rounded(rounded)).isEqualTo(rounded);
            assertThat(Arena.rounded(rounded + 1)).isGreaterThan(rounded);
        }
        assertThat(Arena.rounded(0)).isEqualTo(64);
        assertThat(Arena.rounded(6L << 30)).isEqualTo(6L << 30);
    }

    @Test
    @Tag("any-instruction-set") // a pass in fenced memory pools no pages
    void whatIsFreedIsHandedOutAgainWithinTheClass() {
        Arena arena = new Arena();
        try {
            long a = arena.allocate(1000);
            long b = arena.allocate(1000);
            assertThat(b - a).isEqualTo(1024);
            assertThat(arena.live()).isEqualTo(2048);
            arena.free(a, 1000);
            assertThat(arena.live()).isEqualTo(1024);
            assertThat(arena.allocate(100)).as("another class").isNotEqualTo(a);
            assertThat(arena.allocate(1024)).as("the same class").isEqualTo(a);
            assertThat(arena.peak()).isEqualTo(2048 + 128);
            Set<Long> many = new HashSet<>();
            for (int i = 0; i < 50; i++) {
                many.add(arena.allocate(64));
            }
            for (long m : many) {
                arena.free(m, 64);
            }
            Set<Long> again = new HashSet<>();
            for (int i = 0; i < 50; i++) {
                again.add(arena.allocate(64));
            }
            assertThat(again).isEqualTo(many);
        } finally {
            arena.unmap();
        }
    }

    @Test
    @Tag("any-instruction-set") // a pass in fenced memory pools no pages
    void pagesStayMappedBetweenPasses() {
        Arena arena = new Arena();
        try {
            long first = arena.allocate(3 << 20);
            long second = arena.allocate(3 << 20);
            long large = arena.allocate(100 << 20);
            long mapped = arena.mapped();
            assertThat(mapped).isGreaterThanOrEqualTo(106 << 20);
            arena.reset();
            assertThat(arena.live()).isZero();
            assertThat(arena.peak()).isZero();
            assertThat(arena.allocate(3 << 20)).isEqualTo(first);
            assertThat(arena.allocate(3 << 20)).isEqualTo(second);
            assertThat(arena.allocate(100 << 20)).isEqualTo(large);
            assertThat(arena.mapped()).isEqualTo(mapped);
        } finally {
            arena.unmap();
        }
        assertThat(arena.mapped()).isZero();
    }

    @Test
    @Tag("any-instruction-set") // a pass in fenced memory pools no pages
    void trimGivesPooledPagesBackAndLeavesOpenPassesAlone() {
        Arena open = OffHeap.borrow();
        Arena other = OffHeap.borrow();
        try {
            long at = open.allocate(1 << 20);
            Block.at(at, 4).putInt(0, 42);
            other.allocate(4 << 20);
            OffHeap.giveBack(other);
            long held = open.mapped();
            assertThat(Memory.stats().pooled()).isGreaterThanOrEqualTo(4 << 20);
            Memory.trim();
            assertThat(Memory.stats().pooled()).isZero();
            assertThat(other.mapped()).isZero();
            assertThat(open.mapped()).isEqualTo(held);
            assertThat(Block.at(at, 4).getInt(0)).isEqualTo(42);
            assertThat(Memory.stats().passes()).isGreaterThanOrEqualTo(held);
        } finally {
            OffHeap.giveBack(open);
        }
        assertThat(Memory.stats().pooled()).isPositive();
        assertThat(OffHeap.borrow()).as("the last one back is the warmest").isSameAs(open);
        OffHeap.giveBack(open);
    }

    @Test
    void aPlaceIsRenderedAsAStackTraceWould() {
        assertThat(OffHeap.render(null)).isEqualTo("an unknown place");
        assertThat(OffHeap.render(OffHeap.callSite()))
                .as("the first frame outside the library")
                .matches("\\w+\\.\\w+\\(\\w+\\.java(:-?\\d+)?\\)");
    }

    /** A list of packages by hand would miss new ones: a class is the library's if it was loaded with it. */
    @Test
    void theLibraryIsWhatIsLoadedWithIt() throws Exception {
        Path classes = Path.of(
                Memory.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        int packages = 0;
        try (Stream<Path> folders = Files.list(classes.resolve("dev/fathom"))) {
            for (Path folder : folders.filter(Files::isDirectory).toList()) {
                try (Stream<Path> files = Files.list(folder)) {
                    var file = files.filter(f -> f.toString().endsWith(".class")
                                    && !f.toString().contains("-info"))
                            .findFirst();
                    if (file.isPresent()) {
                        String name = file.get().getFileName().toString().replace(".class", "");
                        Class<?> type = Class.forName(
                                "dev.fathom." + folder.getFileName() + "." + name,
                                false,
                                getClass().getClassLoader());
                        assertThat(OffHeap.ofLibrary(type)).as(type.getName()).isTrue();
                        packages++;
                    }
                }
            }
        }
        assertThat(packages).isGreaterThan(15);
        assertThat(OffHeap.ofLibrary(MemoryTest.class))
                .as("a program's own package")
                .isFalse();
        assertThat(OffHeap.ofLibrary(String.class)).isFalse();
        assertThat(OffHeap.render(OffHeap.callSite())).startsWith("MemoryTest.theLibraryIsWhatIsLoadedWithIt(");
    }

    // ---- leases and changes

    @Test
    void anArenaLeasesABlockOnceHoweverMany() {
        Arena arena = new Arena();
        Block[] blocks = new Block[1000];
        try {
            for (int round = 0; round < 2; round++) {
                for (int i = 0; i < blocks.length; i++) {
                    if (round == 0) {
                        blocks[i] = new Block("test", 64);
                    }
                    arena.lease(blocks[i]);
                    assertThat(arena.leases(blocks[i])).isTrue();
                }
            }
            for (Block b : blocks) {
                b.close();
                b.view(0, 4).putInt(0, 1); // still there
            }
            try (Block other = new Block("test", 64)) {
                assertThat(arena.leases(other)).isFalse();
            }
            long owned = Memory.stats().owned();
            arena.reset();
            assertThat(Memory.stats().owned()).isLessThanOrEqualTo(owned - 1000 * 64);
            assertThat(arena.leases(blocks[7])).isFalse();
        } finally {
            arena.unmap();
        }
    }

    @Test
    void aChangeNeedsABlockAlone() throws Exception {
        try (Block b = new Block("thing", 64)) {
            b.lease();
            assertThatThrownBy(() -> b.change("load", 0))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("load: another thread reads this thing");
            b.change("load", 1);
            b.change("load", 1); // as a part of itself
            b.lease();
            b.release();
            for (int i = 0; i < 2; i++) {
                assertThat(CompletableFuture.supplyAsync(() -> catchThrowable(b::lease))
                                .get(10, TimeUnit.SECONDS))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageStartingWith(
                                "thread " + Thread.currentThread().getName() + " is changing this thing");
                b.changed();
            }
            assertThat(CompletableFuture.supplyAsync(() -> catchThrowable(b::lease))
                            .get(10, TimeUnit.SECONDS))
                    .isNull();
            b.release();
            b.release();
        }
    }

    @Test
    void sizesThatMakeNoSenseAreRefused() {
        for (long bytes : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE, (1L << 60) + 1}) {
            assertThatThrownBy(() -> new Block("test", bytes)).isInstanceOf(IllegalArgumentException.class);
            Arena arena = new Arena();
            assertThatThrownBy(() -> arena.allocate(bytes)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    /** Every run of every session asks: on a lock that they share, two threads would not be faster than one. */
    @Test
    void whetherABlockIsClosedIsToldWithoutALock() throws Exception {
        try (Block block = new Block("test", 64)) {
            var pages = Block.class.getDeclaredField("pages");
            pages.setAccessible(true);
            synchronized (pages.get(block)) {
                assertThat(CompletableFuture.supplyAsync(block::closed).get(10, TimeUnit.SECONDS))
                        .isFalse();
            }
        }
    }
}
