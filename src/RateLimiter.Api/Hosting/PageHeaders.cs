namespace RateLimiter.Api.Hosting;

/// <summary>What a browser may do with a page of this service (Content-Security-Policy and others).</summary>
internal static class PageHeaders
{
    // Scripts come only from files of this service, never from the page itself. The page connects only to this service, and
    // cannot be framed. data: is for the images in Swagger UI's styles.
    public const string OfDocs =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    // As above, with forms, fonts and a base address. Charts and grids position their elements with inline styles.
    public const string OfDashboard =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        + "font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>
    /// Adds the headers to all that follows: use it in a separate branch, before the middleware that serves pages.
    /// </summary>
    public static void UsePageHeaders(
        this IApplicationBuilder pages,
        string contentSecurityPolicy,
        string referrerPolicy
    ) =>
        pages.Use(
            (context, next) =>
            {
                var headers = context.Response.Headers;
                headers.ContentSecurityPolicy = contentSecurityPolicy;
                headers.XContentTypeOptions = "nosniff";
                headers["Referrer-Policy"] = referrerPolicy;
                headers["Cross-Origin-Opener-Policy"] = "same-origin";
                headers["Cross-Origin-Resource-Policy"] = "same-origin";
                headers["Permissions-Policy"] =
                    "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
                return next(context);
            }
        );
}
