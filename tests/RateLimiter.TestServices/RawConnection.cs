using System.Net.Sockets;
using System.Text;

namespace RateLimiter.TestServices;

/// <summary>A connection to the service over which raw bytes are sent.</summary>
public sealed class RawConnection : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(25);

    private readonly TcpClient connection = new();

    public static async Task<RawConnection> OpenAsync(Service service)
    {
        var raw = new RawConnection();
        await raw.connection.ConnectAsync(service.Address.Host, service.Address.Port);
        return raw;
    }

    /// <summary>Sends bytes.</summary>
    /// <returns>Whether they were sent; false when the connection was reset.</returns>
    public async Task<bool> SendAsync(string text)
    {
        try
        {
            await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text));
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Checks whether the service is live, over this connection.</summary>
    /// <returns>Whether it answered.</returns>
    public async Task<bool> IsServedAsync()
    {
        await SendAsync("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        while (!answer.ToString().Contains("0\r\n\r\n", StringComparison.Ordinal))
        {
            var count = await ReadAsync(buffer);
            if (count == 0)
            {
                return false;
            }

            answer.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }

        return answer.ToString().StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal);
    }

    /// <summary>Reads until the service closes the connection; fails when it does not.</summary>
    /// <returns>Everything that was received.</returns>
    public async Task<string> ReadToEndAsync()
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        int count;
        while ((count = await ReadAsync(buffer)) > 0)
        {
            text.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }

        return text.ToString();
    }

    /// <summary>Sends a chunk repeatedly, until the service closes the connection; fails when it does not.</summary>
    /// <returns>Everything that was received.</returns>
    public async Task<string> DripAsync(string piece, TimeSpan interval)
    {
        using var closed = new CancellationTokenSource();
        var dripping = SendEachAsync();
        try
        {
            return await ReadToEndAsync();
        }
        finally
        {
            await closed.CancelAsync();
            await dripping;
        }

        async Task SendEachAsync()
        {
            while (!closed.IsCancellationRequested && await SendAsync(piece))
            {
                await Task.Delay(interval);
            }
        }
    }

    public void Dispose() => connection.Dispose();

    private async Task<int> ReadAsync(byte[] buffer)
    {
        try
        {
            return await connection.GetStream().ReadAsync(buffer).AsTask().WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            throw new AssertionException("The service keeps the connection open.");
        }
        catch (IOException)
        {
            // Closed with unread bytes: a reset.
            return 0;
        }
    }
}
