import worker from "annoy-edge/worker";

// Pages are served from public/; everything else is the search API.
export default worker;
