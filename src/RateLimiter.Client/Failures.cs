using System.Net;
using Polly.CircuitBreaker;
using Polly.Timeout;
using RateLimiting.Client.Generated;

namespace RateLimiting.Client;

/// <summary>Classifies failures: whether a later attempt may succeed, and whether the request may have counted.</summary>
internal static class Failures
{
    /// <summary>Whether the service, or a proxy in front of it, reports that it is temporarily unavailable.</summary>
    public static bool IsOutage(int status) =>
        status
            is (int)HttpStatusCode.BadGateway
                or (int)HttpStatusCode.ServiceUnavailable
                or (int)HttpStatusCode.GatewayTimeout;

    /// <summary>Whether the request cannot have reached the service, because there was no connection.</summary>
    public static bool IsUnsent(Exception exception) =>
        exception
            is BrokenCircuitException
                or HttpRequestException
                {
                    HttpRequestError: HttpRequestError.ConnectionError
                        or HttpRequestError.NameResolutionError
                        or HttpRequestError.SecureConnectionError
                        or HttpRequestError.ProxyTunnelError,
                };

    /// <summary>Whether there was no response, or only part of it.</summary>
    public static bool IsWithoutResponse(Exception exception) =>
        exception
            is HttpRequestException
                or IOException
                // The body is not compressed as its header says.
                or InvalidDataException
                or TimeoutRejectedException
                or BrokenCircuitException;

    /// <summary>Whether the request is idempotent.</summary>
    public static bool IsRepeatable(HttpRequestMessage request) =>
        !IsChange(request)
        || request.Headers.Contains("Idempotency-Key")
        || CheckPaths.IsSettlement(request)
        || request.Method == HttpMethod.Put
        || request.Method == HttpMethod.Delete;

    /// <summary>Whether the request changes something.</summary>
    public static bool IsChange(HttpRequestMessage request) =>
        request.Method != HttpMethod.Get
        && !request.Options.TryGetValue(RateLimiterApi.ChangesNothing, out _);
}
