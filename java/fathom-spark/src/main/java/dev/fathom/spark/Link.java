package dev.fathom.spark;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.SocketChannel;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The connection to another process. What arrives waits until the training thread receives it; when it is too much, the
 * connection is not read, which holds the sender up.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails closes the connection, which is heard of
final class Link extends ChannelInboundHandlerAdapter {
    /** How long what was sent at the end of a run may take to arrive. */
    private static final int LAST_SECONDS = 5;

    private static final int LONGEST_SENTENCE = 1 << 16;

    private final String name;
    private final String mine;
    private final SocketChannel channel;
    private final int room;
    private final Duration patience;
    private final Runnable signs;
    private @Nullable ChannelFuture sent;

    // guarded by this
    private final Deque<ByteBuf> arrived = new ArrayDeque<>();
    private int waiting;
    private long heard = System.nanoTime();
    private boolean ended;
    private @Nullable String gone;

    /**
     * A connection between two processes.
     *
     * @param name the other, as sentences call it
     * @param mine this one
     * @param room how many bytes may wait here
     * @param signs is called every now and then while this process waits
     */
    Link(String name, String mine, Channel channel, int room, Duration patience, Runnable signs) {
        this.name = name;
        this.mine = mine;
        this.channel = (SocketChannel) channel;
        this.room = room;
        this.patience = patience;
        this.signs = signs;
    }

    // ---- what arrives

    @Override
    public synchronized void channelRead(ChannelHandlerContext context, Object bytes) {
        ByteBuf more = (ByteBuf) bytes;
        if (ended) {
            more.release();
            return;
        }
        arrived.add(more);
        waiting += more.readableBytes();
        heard = System.nanoTime();
        if (waiting > room) {
            channel.config().setAutoRead(false);
        }
        notifyAll();
    }

    @Override
    public synchronized void channelInactive(ChannelHandlerContext context) {
        gone("");
    }

    @Override
    public synchronized void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        gone(" (" + cause.getMessage() + ")");
        context.close();
    }

    private void gone(String why) {
        if (gone == null) {
            gone = "exchange: " + name + " is gone" + why + ", so " + mine + " cannot go on";
        }
        notifyAll();
    }

    private void drop() {
        arrived.forEach(ByteBuf::release);
        arrived.clear();
        waiting = 0;
    }

    /**
     * Waits for a message.
     *
     * @param to where its bytes go, one buffer after another
     * @throws IllegalStateException if another message comes, or none
     */
    void receive(Frame expected, List<ByteBuffer> to) {
        Frame frame = next();
        if (!frame.equals(expected)) {
            throw new IllegalStateException("exchange: " + name + " sent " + frame + " where " + mine + " expected "
                    + expected + "; let all processes compute the same steps of the same model");
        }
        to.forEach(part -> take(part.duplicate()));
    }

    /** The next message that is no sign of life. */
    private Frame next() {
        Frame frame;
        do {
            ByteBuffer head = ByteBuffer.allocate(Frame.SIZE);
            take(head);
            frame = Frame.read(head.flip());
        } while (frame.kind() == Frame.Kind.WAITING);
        if (frame.kind() == Frame.Kind.FAILURE || frame.kind() == Frame.Kind.END) {
            ByteBuffer bytes = ByteBuffer.allocate(Math.max(0, Math.min(frame.bytes(), LONGEST_SENTENCE)));
            take(bytes);
            String sentence = StandardCharsets.UTF_8.decode(bytes.flip()).toString();
            throw frame.kind() == Frame.Kind.END ? new AllReduce.End(sentence) : new IllegalStateException(sentence);
        }
        return frame;
    }

    /**
     * Looks whether the other process is still there.
     *
     * @throws IllegalStateException with why it has left
     */
    void check() {
        boolean left;
        synchronized (this) {
            left = gone != null;
        }
        if (left) {
            lastWords();
        }
    }

    /** Throws what a process that has left said last, or that it is gone. */
    private void lastWords() {
        ByteBuffer some = ByteBuffer.allocate(LONGEST_SENTENCE);
        while (true) {
            for (int left = next().bytes(); left > 0; left -= some.limit()) { // there may be no room for all
                take(some.clear().limit(Math.min(left, some.capacity())));
            }
        }
    }

    /** Fills a buffer. */
    private void take(ByteBuffer to) {
        long since = System.nanoTime();
        while (to.hasRemaining()) {
            boolean silent;
            synchronized (this) {
                ByteBuf first = arrived.peek();
                if (first != null) {
                    take(first, to);
                    continue;
                }
                silent = !waits(Math.max(since, heard)); // nanoTime wraps in centuries only
            }
            if (silent) {
                signs.run();
            }
        }
    }

    private void take(ByteBuf from, ByteBuffer to) {
        int bytes = Math.min(from.readableBytes(), to.remaining());
        int limit = to.limit();
        from.readBytes(to.limit(to.position() + bytes));
        to.limit(limit);
        waiting -= bytes;
        if (!from.isReadable()) {
            arrived.remove().release();
        }
        if (waiting <= room / 2 && !channel.config().isAutoRead()) {
            channel.config().setAutoRead(true);
        }
    }

    /** Waits for bytes; false if none came within a part of the patience. */
    private boolean waits(long since) {
        if (gone != null) {
            throw new IllegalStateException(gone);
        }
        long left = since + patience.toNanos() - System.nanoTime();
        if (left <= 0) {
            throw new IllegalStateException("exchange: " + name + " was silent for " + shown(patience) + " while "
                    + mine + " waited for it, which is as long as its patience");
        }
        try {
            TimeUnit.NANOSECONDS.timedWait(this, Math.min(left, patience.toNanos() / 4) + 1_000_000);
        } catch (InterruptedException e) {
            throw interrupted();
        }
        return !arrived.isEmpty();
    }

    static String shown(Duration time) {
        return time.toMillis() / 1000.0 + " s";
    }

    // ---- what is sent

    /** Sends a message, whose buffers must stay as they are until {@link #flush} returns. */
    void send(Frame frame, List<ByteBuffer> parts) {
        channel.write(Unpooled.wrappedBuffer(frame.head()));
        for (ByteBuffer part : parts) {
            sent = channel.write(Unpooled.wrappedBuffer(part));
        }
        channel.flush();
    }

    void signOfLife() {
        channel.writeAndFlush(
                Unpooled.wrappedBuffer(Frame.of(Frame.Kind.WAITING, 0).head()));
    }

    /** Waits until all that was sent has left this process. */
    void flush() {
        ChannelFuture last = sent;
        sent = null;
        if (last == null) {
            return;
        }
        try {
            if (!last.await(patience.toMillis())) {
                sent = last;
                throw new IllegalStateException("exchange: " + name + " has not read what " + mine + " sent for "
                        + shown(patience) + ", which is as long as its patience");
            }
        } catch (InterruptedException e) {
            sent = last;
            throw interrupted();
        }
        if (!last.isSuccess()) {
            lastWords();
        }
    }

    private IllegalStateException interrupted() {
        Thread.currentThread().interrupt();
        return new IllegalStateException("exchange: " + mine + " was interrupted");
    }

    // ---- the end

    /** Sends the sentence by which an attempt or a run ends. */
    void tell(Frame.Kind kind, String sentence) {
        sent = channel.writeAndFlush(message(kind, sentence));
    }

    static ByteBuf message(Frame.Kind kind, String sentence) {
        byte[] bytes = sentence.getBytes(StandardCharsets.UTF_8);
        return Unpooled.wrappedBuffer(Frame.of(kind, bytes.length).head(), ByteBuffer.wrap(bytes));
    }

    /** Gives up what has not left this process within some time, so that no buffer is read any more. */
    void abandon(long nanos) {
        ChannelFuture last = sent;
        if (last != null && !last.awaitUninterruptibly(Math.max(0, nanos), TimeUnit.NANOSECONDS)) {
            channel.close().awaitUninterruptibly();
        }
    }

    /**
     * Ends the connection without waiting for it. What comes is still read, because a socket that is closed before
     * forgets what it has not sent yet.
     */
    void end() {
        synchronized (this) {
            ended = true;
            drop();
            gone("");
        }
        channel.config().setAutoRead(true);
        channel.shutdownOutput();
        channel.eventLoop().schedule(() -> channel.close(), LAST_SECONDS, TimeUnit.SECONDS);
    }
}
