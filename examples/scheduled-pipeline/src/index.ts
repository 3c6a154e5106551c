import worker from "annoy-edge/worker";

export default worker;
