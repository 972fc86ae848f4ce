using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>The connections to all servers of the store that were made at one time.</summary>
internal sealed class LinkConnections
{
    // The latest socket to each server, for commands and for messages.
    private readonly ConcurrentDictionary<(EndPoint, ConnectionType), Socket> sockets;

    private LinkConnections(
        IConnectionMultiplexer multiplexer,
        ConfigurationOptions options,
        ConcurrentDictionary<(EndPoint, ConnectionType), Socket> sockets
    )
    {
        Multiplexer = multiplexer;
        Options = options;
        this.sockets = sockets;
    }

    /// <summary>The client.</summary>
    public IConnectionMultiplexer Multiplexer { get; }

    /// <summary>Where it connects to.</summary>
    public ConfigurationOptions Options { get; }

    /// <summary>Makes connections. Those that cannot be made now are made later, by the client library.</summary>
    public static async Task<LinkConnections> MakeAsync(ConfigurationOptions options)
    {
        var sockets = new ConcurrentDictionary<(EndPoint, ConnectionType), Socket>();
        var own = options.Clone();
        own.BeforeSocketConnect = (endpoint, type, socket) => sockets[(endpoint, type)] = socket;
        return new LinkConnections(await ConnectionMultiplexer.ConnectAsync(own), options, sockets);
    }

    /// <summary>
    /// The host names that they were made to, each with the address that it resolved to then. None behind a tunnel,
    /// which resolves addresses itself.
    /// </summary>
    public IEnumerable<(string Name, IPAddress Address)> FindAddresses()
    {
        if (Options.Tunnel is not null)
        {
            yield break;
        }

        foreach (var ((endpoint, _), socket) in sockets)
        {
            if (endpoint is DnsEndPoint { Host: var name } && AddressOf(socket) is { } address)
            {
                yield return (name, address);
            }
        }
    }

    // Null when the socket is not connected.
    private static IPAddress? AddressOf(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint is IPEndPoint { Address: var address }
                ? address.IsIPv4MappedToIPv6
                    ? address.MapToIPv4()
                    : address
                : null;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }
}
