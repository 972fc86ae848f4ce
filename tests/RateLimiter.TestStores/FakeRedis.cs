using System.Net;
using System.Net.Sockets;

namespace RateLimiter.TestStores;

/// <summary>A server on a port where a Redis is expected. It replies to everything with the same bytes.</summary>
public sealed class FakeRedis : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly TcpListener listener;
    private readonly byte[]? answer;
    private readonly Task accepting;

    private FakeRedis(int port, byte[]? answer)
    {
        this.answer = answer;
        listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <param name="port">A free port.</param>
    /// <param name="answer">The bytes; null never replies.</param>
    public static FakeRedis Start(int port, byte[]? answer) => new(port, answer);

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await accepting;
        stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                serving.Add(ServeAsync(await listener.AcceptTcpClientAsync(stopping.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient caller)
    {
        using (caller)
        {
            try
            {
                var buffer = new byte[4096];
                while (await caller.GetStream().ReadAsync(buffer, stopping.Token) > 0)
                {
                    if (answer is not null)
                    {
                        await caller.GetStream().WriteAsync(answer, stopping.Token);
                    }
                }
            }
            catch (Exception exception)
                when (exception is IOException or OperationCanceledException)
            {
                // The caller has disconnected, or the test is over.
            }
        }
    }
}
