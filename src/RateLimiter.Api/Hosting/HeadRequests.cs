namespace RateLimiter.Api.Hosting;

/// <summary>
/// Answers HEAD wherever GET is answered, by doing what GET does and omitting the body. Routes declare GET only, so that the
/// OpenAPI document has each operation once.
/// </summary>
internal static class HeadRequests
{
    public static Task HandleAsGetAsync(HttpContext context, RequestDelegate next) =>
        HttpMethods.IsHead(context.Request.Method) ? HandleAsync(context, next) : next(context);

    /// <summary>Whether the body is discarded: an endless response must not be started.</summary>
    public static bool IsHead(this HttpContext context) =>
        context.Features.Get<HeadFeature>() is not null;

    /// <summary>Adds HEAD to the Allow header of a path that answers GET.</summary>
    public static void CompleteAllow(HttpResponse response)
    {
        var allowed = response.Headers.GetCommaSeparatedValues("Allow");
        if (allowed.Contains(HttpMethods.Get) && !allowed.Contains(HttpMethods.Head))
        {
            response.Headers.Allow = string.Join(", ", allowed.Append(HttpMethods.Head));
        }
    }

    private static async Task HandleAsync(HttpContext context, RequestDelegate next)
    {
        context.Features.Set(new HeadFeature());
        context.Request.Method = HttpMethods.Get;
        // The server omits a body itself, but over HTTP/2 not one that is written through the pipe: the stream would break.
        context.Response.Body = Stream.Null;
        try
        {
            await next(context);
        }
        finally
        {
            // The original method, for metrics and traces.
            context.Request.Method = HttpMethods.Head;
        }
    }

    private sealed class HeadFeature;
}
