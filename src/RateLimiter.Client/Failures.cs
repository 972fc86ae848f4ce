using System.Net;
using Polly.CircuitBreaker;
using Polly.Timeout;
using RateLimiting.Client.Generated;

namespace RateLimiting.Client;

/// <summary>What a failure means: whether there may be an answer later, and whether the request may have counted.</summary>
internal static class Failures
{
    /// <summary>Whether the service, or a proxy before it, says that it cannot answer at the moment.</summary>
    public static bool IsOutage(int status) =>
        status
            is (int)HttpStatusCode.BadGateway
                or (int)HttpStatusCode.ServiceUnavailable
                or (int)HttpStatusCode.GatewayTimeout;

    /// <summary>Whether nothing can have reached the service, because there was no connection to send it over.</summary>
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

    /// <summary>Whether there was no answer, or not all of it.</summary>
    public static bool IsNoAnswer(Exception exception) =>
        exception
            is HttpRequestException
                or IOException
                // Not compressed as it says.
                or InvalidDataException
                or TimeoutRejectedException
                or BrokenCircuitException;

    /// <summary>Whether it is the same to the service how often it gets the request.</summary>
    public static bool IsRepeatable(HttpRequestMessage request) =>
        !IsChange(request)
        || request.Method == HttpMethod.Put
        || request.Method == HttpMethod.Delete;

    /// <summary>Whether the request changes something.</summary>
    public static bool IsChange(HttpRequestMessage request) =>
        request.Method != HttpMethod.Get
        && !request.Options.TryGetValue(RateLimiterApi.ChangesNothing, out _);
}
