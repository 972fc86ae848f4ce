using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RateLimiting.Client;

namespace RateLimiting.AspNetCore;

/// <summary>Maps a request to a check of the service.</summary>
internal sealed record ServicePolicy(
    string RouteKey,
    Func<HttpContext, string?>? User,
    Func<HttpContext, string?>? Role,
    Func<HttpContext, int>? Cost,
    FailureMode OnFailure,
    Func<HttpContext, IReadOnlyDictionary<string, string>?>? Subjects = null,
    RateLimitReservationOptions? Reservation = null
)
{
    private const int IPv6PrefixBytes = 8;
    private const string Anonymous = "anonymous";

    /// <summary>The partition of a request: the user, route, role, cost and subjects of its check.</summary>
    public Partition PartitionOf(HttpContext context) =>
        new(
            RouteKey,
            Name(User is null ? Caller(context) : User(context), ServiceNames.MaxUserLength)
                ?? Anonymous,
            Name(Role?.Invoke(context), ServiceNames.MaxRoleLength),
            // A negative cost is a mistake or an attempt to avoid the limit; the service would reject it.
            Cost?.Invoke(context)
                is { } cost
                    and >= 0
                ? cost
                : 1,
            Named(Subjects?.Invoke(context))
        );

    public ServiceRateLimiter LimiterOf(HttpContext context) =>
        LimiterOf(context.RequestServices, PartitionOf(context));

    // The framework caches a limiter for each partition until it has been idle for ten seconds.
    public RateLimitPartition<Partition> KeptLimiterOf(HttpContext context)
    {
        // Resolved here: the limiter outlives the services of the request.
        var client = context.RequestServices.GetRequiredService<IRateLimiterClient>();
        var logger = context.RequestServices.GetService<ILogger<ServiceRateLimiter>>();
        KeptServiceLimiter.IsAskedFor(context);
        return RateLimitPartition.Get<Partition>(
            PartitionOf(context),
            partition => new KeptServiceLimiter(LimiterOf(client, logger, partition))
        );
    }

    private ServiceRateLimiter LimiterOf(IServiceProvider services, Partition partition) =>
        LimiterOf(
            services.GetRequiredService<IRateLimiterClient>(),
            services.GetService<ILogger<ServiceRateLimiter>>(),
            partition
        );

    private ServiceRateLimiter LimiterOf(
        IRateLimiterClient client,
        ILogger<ServiceRateLimiter>? logger,
        Partition partition
    ) =>
        new(
            client,
            partition.UserId,
            partition.RouteKey,
            partition.Role,
            partition.Cost,
            OnFailure,
            logger,
            subjects: partition.Subjects?.Values,
            reservation: Reservation
        );

    private static string? Caller(HttpContext context) =>
        context.User.Identity?.Name ?? Network(context.Connection.RemoteIpAddress);

    // As the service identifies callers: the owner of an IPv6 /64 has 2^64 addresses but is one caller.
    private static string? Network(IPAddress? address)
    {
        if (
            address
            is not { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false }
        )
        {
            return (
                address?.IsIPv4MappedToIPv6 == true ? address.MapToIPv4() : address
            )?.ToString();
        }

        var bytes = address.GetAddressBytes();
        Array.Clear(bytes, IPv6PrefixBytes, bytes.Length - IPv6PrefixBytes);
        return $"{new IPAddress(bytes)}/64";
    }

    private static SubjectSet? Named(IReadOnlyDictionary<string, string>? subjects) =>
        SubjectSet.Of(
            subjects
                ?.Where(subject => !string.IsNullOrEmpty(subject.Value))
                .ToDictionary(
                    subject => subject.Key,
                    subject => Name(subject.Value, ServiceNames.MaxSubjectLength)!
                )
        );

    private static string? Name(string? name, int maxLength) =>
        string.IsNullOrEmpty(name) ? null
        : ServiceNames.IsTaken(name, maxLength) ? name
        : $"sha256:{Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(name)))}";

    /// <param name="RouteKey">The route.</param>
    /// <param name="UserId">The user.</param>
    /// <param name="Role">The user's role.</param>
    /// <param name="Cost">The cost of a request.</param>
    /// <param name="Subjects">The other subjects; null when there are none.</param>
    public readonly record struct Partition(
        string RouteKey,
        string UserId,
        string? Role,
        int Cost,
        SubjectSet? Subjects
    );
}
