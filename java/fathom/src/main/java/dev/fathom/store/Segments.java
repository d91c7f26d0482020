package dev.fathom.store;

import dev.fathom.command.Commands;
import dev.fathom.offheap.Block;
import java.nio.LongBuffer;
import java.util.Arrays;

/**
 * Segments (offset, count, group) of a flat block, in floats, for one call that passes over all of them. The memory
 * grows with their number.
 */
public final class Segments {
    private static final int WORDS = 3;

    private long[] words;
    private int count;
    private Block block;
    /** Made once, because a step allocates nothing for its optimizer. */
    private LongBuffer view;

    /** None, with room for {@code room}. */
    public Segments(int room) {
        words = new long[WORDS * room];
        block = block(words.length);
        view = block.view(0, block.bytes()).asLongBuffer();
    }

    private static Block block(int words) {
        return new Block("segments", (long) Long.BYTES * words);
    }

    /** Forgets all of them. */
    public void clear() {
        count = 0;
    }

    /** Adds the floats from {@code begin} to {@code end}. */
    public void add(long begin, long end, int group) {
        int at = WORDS * count++;
        if (at == words.length) {
            words = Arrays.copyOf(words, 2 * at);
        }
        words[at] = begin;
        words[at + 1] = end - begin;
        words[at + 2] = group;
    }

    /** How many there are. */
    public int count() {
        return count;
    }

    /** The group of segment {@code s}. */
    public int group(int s) {
        return (int) words[WORDS * s + 2];
    }

    /** Puts their address and their number into a command. */
    public Commands put(Commands command) {
        if (WORDS * count > view.capacity()) {
            Block larger = block(words.length);
            try {
                view = larger.view(0, larger.bytes()).asLongBuffer();
            } catch (RuntimeException | Error e) {
                larger.close();
                throw e;
            }
            block.close();
            block = larger;
        }
        view.put(0, words, 0, WORDS * count);
        return command.at(block.address()).put(count);
    }

    /** Gives the memory back. */
    public void close() {
        block.close();
    }
}
