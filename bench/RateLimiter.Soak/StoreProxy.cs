using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using RateLimiter.Bench;

namespace RateLimiter.Soak;

/// <summary>What happens to a connection to the store.</summary>
internal enum Behaviour
{
    /// <summary>It is forwarded.</summary>
    Passing,

    /// <summary>The port is closed.</summary>
    Refusing,

    /// <summary>It is accepted and closed at once.</summary>
    Closing,

    /// <summary>The store receives every command, and random bytes are returned.</summary>
    Garbling,

    /// <summary>Every command gets the reply of a Redis that is still loading its file.</summary>
    Loading,
}

/// <summary>A proxy between the service and its store, which can do to a connection what a network does.</summary>
internal sealed class StoreProxy : IDisposable
{
    private readonly int storePort;
    private readonly Lock @lock = new();
    private readonly HashSet<Socket> connections = [];
    private Socket? listener;
    private volatile Behaviour behaviour;
    private long delay;

    public StoreProxy(int storePort)
    {
        this.storePort = storePort;
        StartedResources.Add(this, Listen);
    }

    public int Port { get; } = RedisServer.FreePort();

    /// <summary>The delay of everything, in each direction.</summary>
    public TimeSpan Delay
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref delay));
        set => Interlocked.Exchange(ref delay, value.Ticks);
    }

    public void Become(Behaviour next)
    {
        var previous = behaviour;
        behaviour = next;
        if (next == Behaviour.Refusing)
        {
            listener?.Close();
        }
        else if (previous == Behaviour.Refusing)
        {
            Listen();
        }

        // Garbage is sent in the middle of a connection, which is unusable afterwards. After loading it is still
        // usable.
        if (
            next is Behaviour.Refusing or Behaviour.Closing or Behaviour.Loading
            || previous == Behaviour.Garbling
        )
        {
            Reset();
        }
    }

    /// <summary>Resets all connections.</summary>
    public void Reset()
    {
        lock (@lock)
        {
            foreach (var connection in connections)
            {
                connection.Close(timeout: 0);
            }

            connections.Clear();
        }
    }

    public void Dispose()
    {
        listener?.Close();
        Reset();
    }

    private void Listen()
    {
        listener = NewSocket();
        listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        listener.Listen();
        _ = AcceptAsync(listener);
    }

    private static Socket NewSocket() =>
        new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    private async Task AcceptAsync(Socket own)
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await own.AcceptAsync());
            }
        }
        catch (Exception exception) when (IsEnd(exception))
        {
            // The listener was closed.
        }
    }

    private async Task ServeAsync(Socket service)
    {
        using var store = NewSocket();
        try
        {
            lock (@lock)
            {
                connections.Add(service);
            }

            if (behaviour != Behaviour.Closing)
            {
                await ServeAsync(service, store);
            }
        }
        catch (Exception exception) when (IsEnd(exception))
        {
            // One side has closed it, or it was reset.
        }
        finally
        {
            lock (@lock)
            {
                connections.Remove(service);
            }

            service.Close(timeout: 0);
        }
    }

    private async Task ServeAsync(Socket service, Socket store)
    {
        service.NoDelay = true;
        var toService = new NetworkStream(service);
        var commands = PipeReader.Create(toService);
        await AnswerWhileLoadingAsync(commands, toService);
        await store.ConnectAsync(IPAddress.Loopback, storePort);
        var toStore = new NetworkStream(store);
        var ended = await Task.WhenAny(
            PassOnAsync(commands, toStore, areReplies: false),
            PassOnAsync(PipeReader.Create(toStore), toService, areReplies: true)
        );
        await ended;
    }

    private async Task AnswerWhileLoadingAsync(PipeReader commands, Stream service)
    {
        while (behaviour == Behaviour.Loading)
        {
            var read = await commands.ReadAsync();
            var left = read.Buffer;
            while (behaviour == Behaviour.Loading && TryReadCommand(ref left))
            {
                await service.WriteAsync(
                    "-LOADING Redis is loading the dataset in memory\r\n"u8.ToArray()
                );
            }

            var isOver = behaviour != Behaviour.Loading;
            // Bytes sent after loading are left for the store.
            commands.AdvanceTo(left.Start, isOver ? left.Start : left.End);
            if (read.IsCompleted)
            {
                throw new EndOfStreamException();
            }
        }
    }

    // A command is an array of strings: *2, $3, GET, $1, a.
    private static bool TryReadCommand(ref ReadOnlySequence<byte> commands)
    {
        var reader = new SequenceReader<byte>(commands);
        if (!TryReadLength(ref reader, out var parts))
        {
            return false;
        }

        for (var part = 0; part < parts; part++)
        {
            if (!TryReadLength(ref reader, out var length) || reader.Remaining < length + 2)
            {
                return false;
            }

            reader.Advance(length + 2);
        }

        commands = commands.Slice(reader.Position);
        return true;
    }

    private static bool TryReadLength(ref SequenceReader<byte> reader, out int length)
    {
        length = 0;
        return reader.TryReadTo(out ReadOnlySpan<byte> line, "\r\n"u8)
            && Utf8Parser.TryParse(line[1..], out length, out _);
    }

    private async Task PassOnAsync(PipeReader from, Stream to, bool areReplies)
    {
        var underway = Channel.CreateUnbounded<(long Since, byte[] Bytes)>();
        var sending = SendAsync(underway.Reader, to);
        try
        {
            while (await from.ReadAsync() is { IsCompleted: false } read)
            {
                var bytes = read.Buffer.ToArray();
                from.AdvanceTo(read.Buffer.End);
                if (areReplies && behaviour == Behaviour.Garbling)
                {
                    Random.Shared.NextBytes(bytes);
                }

                underway.Writer.TryWrite((Stopwatch.GetTimestamp(), bytes));
            }
        }
        finally
        {
            underway.Writer.Complete();
        }

        await sending;
    }

    private async Task SendAsync(ChannelReader<(long Since, byte[] Bytes)> underway, Stream to)
    {
        await foreach (var (since, bytes) in underway.ReadAllAsync())
        {
            var left = Delay - Stopwatch.GetElapsedTime(since);
            if (left > TimeSpan.Zero)
            {
                await Task.Delay(left);
            }

            await to.WriteAsync(bytes);
        }
    }

    private static bool IsEnd(Exception exception) =>
        exception is IOException or SocketException or ObjectDisposedException;
}
