using System.Text;

namespace RateLimiting.Client;

/// <summary>
/// The outermost handler: turns every failure into a clear exception, and clears the cached denials after a change, whichever
/// code made it and whether or not it succeeded.
/// </summary>
internal sealed class FailureHandler(LocalDenials denials, Outage outage) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request,
        CancellationToken cancellationToken
    )
    {
        var isChange = Failures.IsChange(request);
        var asked = Outage.Now();
        HttpResponseMessage response;
        try
        {
            response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (Failures.IsWithoutResponse(exception))
        {
            throw Unavailable(
                asked,
                $"RateLimiter at {request.RequestUri!.Authority} does not answer: {exception.Message}",
                isChange && !Failures.IsUnsent(exception),
                exception
            );
        }
        finally
        {
            if (isChange && !CheckPaths.IsCheck(request))
            {
                denials.Clear();
            }
        }

        if (!Failures.IsOutage((int)response.StatusCode))
        {
            // Whether the body is a decision is known only when it is read.
            if (!response.IsSuccessStatusCode || !CheckPaths.IsCheck(request))
            {
                outage.Succeed(asked);
            }

            return response;
        }

        using (response)
        {
            // Whatever encoding the header names, which may be unknown: a problem document is UTF-8.
            var text = await response
                .Content.ReadAsByteArrayAsync(cancellationToken)
                .ConfigureAwait(false);
            var problem = RateLimiterProblem.Parse(Encoding.UTF8.GetString(text));
            throw Unavailable(
                asked,
                $"RateLimiter at {request.RequestUri!.Authority} cannot answer: {(int)response.StatusCode} {problem?.Describe()}",
                isChange
            );
        }
    }

    private RateLimiterUnavailableException Unavailable(
        long asked,
        string message,
        bool mayHaveCounted,
        Exception? innerException = null
    )
    {
        outage.Fail(asked, message);
        return new(message, mayHaveCounted, innerException);
    }
}

/// <summary>
/// The innermost handler: reads a response to its end, so that a truncated or endless response is a failure of its attempt. A
/// stream is left to its reader.
/// </summary>
internal sealed class BufferedResponseHandler : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request,
        CancellationToken cancellationToken
    )
    {
        var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (IsStream(response))
        {
            return response;
        }

        try
        {
#if NET9_0_OR_GREATER
            await response.Content.LoadIntoBufferAsync(cancellationToken).ConfigureAwait(false);
#else
            await response
                .Content.LoadIntoBufferAsync()
                .WaitAsync(cancellationToken)
                .ConfigureAwait(false);
#endif
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private static bool IsStream(HttpResponseMessage response) =>
        response.Content.Headers.ContentType?.MediaType
            is "text/event-stream"
                or "application/x-ndjson";
}

/// <summary>Classifies requests: those that a user waits for, and others.</summary>
internal static class CheckPaths
{
    public static bool IsCheck(HttpRequestMessage request) =>
        request.RequestUri!.AbsolutePath is { } path
        && (Ends(path, "/check") || Ends(path, "/check/batch"));

    public static bool IsQuick(HttpRequestMessage request) =>
        IsCheck(request)
        || IsSettlement(request)
        || Ends(request.RequestUri!.AbsolutePath, "/reservations")
        || Ends(request.RequestUri!.AbsolutePath, "/usage")
        || Ends(request.RequestUri!.AbsolutePath, "/usage/refund");

    /// <summary>A commit is the total, and an extension counts from when it is made: both can be repeated.</summary>
    public static bool IsSettlement(HttpRequestMessage request) =>
        request.RequestUri!.AbsolutePath is { } path
        && path.Contains("/reservations/", StringComparison.Ordinal);

    private static bool Ends(string path, string end) =>
        path.EndsWith(end, StringComparison.Ordinal);
}
