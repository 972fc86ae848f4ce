using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RateLimiter.TestStores;

/// <summary>
/// An address that leads to a server of the loopback, like that of a load balancer or of a Service of Kubernetes: new
/// connections go to its current target, while open ones stay with the server that they were made to.
/// </summary>
public sealed class Forwarder : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<Connection> connections = [];
    private readonly Func<string, string>? rewrite;
    private readonly Task accepting;
    private volatile int target;

    /// <param name="target">The port of the target.</param>
    /// <param name="rewrite">Replaces what the server sends; null to forward it unchanged.</param>
    public Forwarder(int target, Func<string, string>? rewrite = null)
    {
        this.target = target;
        this.rewrite = rewrite;
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public string Address => $"{IPAddress.Loopback}:{Port}";

    /// <summary>The number of connections made so far.</summary>
    public int Count => connections.Count;

    /// <summary>
    /// Selects text of a caller that ends the connection as soon as the server has received it; null for none.
    /// </summary>
    public Func<string, bool>? EndsAfter { get; set; }

    /// <summary>Leads new connections to another target.</summary>
    public void LeadTo(int port) => target = port;

    /// <summary>Ends the connections on which a word has been sent, or has not.</summary>
    public void Close(string word, bool said)
    {
        foreach (var connection in connections.Where(it => it.Said(word) == said))
        {
            connection.Dispose();
        }
    }

    /// <summary>
    /// Discards all further replies on the connections on which a word has been sent, while they stay open.
    /// </summary>
    public void Silence(string word)
    {
        foreach (var connection in connections.Where(it => it.Said(word)))
        {
            connection.IsSilent = true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await accepting;
        foreach (var connection in connections)
        {
            connection.Dispose();
        }

        stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var caller = await listener.AcceptTcpClientAsync(stopping.Token);
                connections.Add(new Connection(this, caller));
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private sealed class Connection : IDisposable
    {
        private readonly TcpClient caller;
        private readonly TcpClient server = new();
        private readonly StringBuilder said = new();

        public Connection(Forwarder forwarder, TcpClient caller)
        {
            this.caller = caller;
            _ = ServeAsync(forwarder);
        }

        public bool IsSilent { get; set; }

        public bool Said(string word)
        {
            lock (said)
            {
                return said.ToString().Contains(word, StringComparison.OrdinalIgnoreCase);
            }
        }

        public void Dispose()
        {
            caller.Dispose();
            server.Dispose();
        }

        private async Task ServeAsync(Forwarder forwarder)
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, forwarder.target);
                await Task.WhenAny(
                    PumpAsync(
                        caller,
                        server,
                        text =>
                        {
                            lock (said)
                            {
                                said.Append(text);
                            }

                            return text;
                        },
                        text => forwarder.EndsAfter?.Invoke(text) == true
                    ),
                    PumpAsync(
                        server,
                        caller,
                        text => IsSilent ? "" : forwarder.rewrite?.Invoke(text) ?? text,
                        endsAfter: _ => false
                    )
                );
            }
            catch (Exception exception)
                when (exception is SocketException or ObjectDisposedException)
            {
                // No server listens there.
            }

            Dispose();
        }

        private static async Task PumpAsync(
            TcpClient from,
            TcpClient to,
            Func<string, string> change,
            Func<string, bool> endsAfter
        )
        {
            var buffer = new byte[64 * 1024];
            try
            {
                while (await from.GetStream().ReadAsync(buffer) is > 0 and var read)
                {
                    var text = change(Encoding.Latin1.GetString(buffer, 0, read));
                    await to.GetStream().WriteAsync(Encoding.Latin1.GetBytes(text));
                    if (endsAfter(text))
                    {
                        return;
                    }
                }
            }
            catch (Exception exception)
                when (exception
                        is IOException
                            or ObjectDisposedException
                            or InvalidOperationException
                )
            {
                // One of the two has disconnected.
            }
        }
    }
}
